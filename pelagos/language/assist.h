// What an editor asks about a place in a program. Places are byte offsets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pelagos/language/names.h"
#include "pelagos/language/range.h"

namespace pelagos::language {

// What is shown about the word at a place: usage, description, examples; for a name of the program
// how it is defined, and the comment above that.
struct Hover {
  Range range;  // the word
  std::string markdown;
};
// `files` reads where the names of imported files are defined.
std::optional<Hover> HoverAt(const Names& names, uint32_t offset,
                             const Names::Files& files = nullptr);

// A word of the language as Markdown: its usage, what it gives, description, examples.
std::string Describe(const Word& word);

struct Completion {
  enum class Kind : uint8_t { kForm, kMacro, kProcedure, kOption, kVariable, kParameter, kValue };
  std::string label;  // what is put in
  Kind kind = Kind::kVariable;
  std::string detail;  // one line: its usage
  std::string markdown;
};
struct Completions {
  Range range;  // what is replaced: the word before the place
  std::vector<Completion> items;
};
// Where a name may stand: names of the program, then words of the language. Where an option of a
// service may stand: options. In an option that names services, networks, volumes or capabilities:
// those.
Completions CompleteAt(const Names& names, uint32_t offset);

struct Place {
  std::string file;  // empty: the program itself
  Range range;
};
// How what is being called at a place is used, and which of its parameters is being written.
struct SignatureWay {
  std::string label;              // "(substring text start [end])"
  std::vector<Range> parameters;  // in the label
  size_t active = 0;              // parameters.size(): beyond the last
};
struct SignatureHelp {
  std::vector<SignatureWay> ways;  // at least one
  size_t active = 0;               // the way that fits what is written
  std::string markdown;
};
std::optional<SignatureHelp> SignatureAt(const Names& names, uint32_t offset);

// Where the name at a place is bound; nullopt: it is a word of the language, or nothing. The name
// of a service, a network or a volume in an option leads to that.
std::optional<Place> DefinitionOf(const Names& names, uint32_t offset);
// Where the name at a place stands in the program, its binding included.
std::vector<Range> UsesOf(const Names& names, uint32_t offset);

struct Symbol {
  enum class Kind : uint8_t { kVariable, kProcedure, kMacro, kRecord, kService, kNetwork, kVolume };
  std::string name;
  Kind kind = Kind::kVariable;
  std::string detail;
  Range range;       // the form
  Range name_range;  // inside of it
  std::vector<Symbol> children;
};
// What the program defines, in the order of the text.
std::vector<Symbol> SymbolsOf(const Names& names);

}  // namespace pelagos::language
