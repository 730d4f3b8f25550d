// The language as the manual shows it: everything that a program may write, in chapters. Nothing is
// described here; the rows that the evaluator itself reads are put in order. What the layers above
// add, `pelagos/compose/reference.h` does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/reml/builtin.h"
#include "pelagos/reml/forms.h"
#include "pelagos/reml/macro_table.h"

namespace pelagos::reml {

struct ReferenceEntry {
  enum class Kind : uint8_t { kForm, kMacro, kProcedure, kOption };

  Kind kind;
  std::string name;
  // How it is written: "(substring text:string start:int [end:int])". A type that its parameter's
  // name says already is left out, and so is `any`. Several lines are several ways.
  std::string usage;
  std::string result;   // the type of the value; empty: not said
  std::string doc;      // Markdown
  std::string example;  // lines "EXPRESSION => VALUE" and "EXPRESSION !! MESSAGE"
  int since = 0;        // version of the language; 0: the original Pelagos has it
  // Of a procedure, as in signature.h. It is of static storage.
  absl::string_view signature = {};
  Reach reach = Reach::kNone;  // of a form or a macro
};

struct ReferenceSection {
  std::string title;
  std::string intro;  // Markdown
  std::vector<ReferenceEntry> entries;
};

struct ReferenceChapter {
  std::string name;  // "hash_tables"
  std::string title;
  std::vector<ReferenceSection> sections;
};

// What every program has. A name is that of exactly one entry.
std::vector<ReferenceChapter> LanguageReference();

ReferenceSection SectionOf(const BuiltinTable& table);
ReferenceSection SectionOf(const MacroTable& table);

}  // namespace pelagos::reml
