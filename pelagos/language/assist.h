// What an editor asks about a place in a program. Places are byte offsets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pelagos/language/names.h"

namespace pelagos::language {

struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

// What is shown about the word at a place: usage, description, examples; for a name of the program
// how it is defined.
struct Hover {
  Range range;  // the word
  std::string markdown;
};
std::optional<Hover> HoverAt(const Names& names, uint32_t offset);

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
// Where the name at a place is bound; nullopt: it is a word of the language, or nothing. The name
// of a service in an option leads to the service.
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
