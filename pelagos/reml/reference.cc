#include "pelagos/reml/reference.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/derived_macros.h"
#include "pelagos/reml/forms.h"
#include "pelagos/reml/signature.h"

namespace pelagos::reml {
namespace {

using EntryKind = ReferenceEntry::Kind;

// "start:int", as a parameter is written in a usage.
std::string Written(const Parameter& parameter) {
  std::string written = std::string(parameter.name);
  if (parameter.type != "any" && parameter.type != parameter.name) {
    absl::StrAppend(&written, ":", parameter.type);
  }
  if (parameter.optional) written = absl::StrCat("[", written, "]");
  if (parameter.repeated) written += "...";
  return written;
}

ReferenceEntry EntryOf(const Builtin& row) {
  const Signature signature = ParseSignature(row.signature);
  std::string usage = absl::StrCat("(", row.name);
  for (const Parameter& parameter : signature.parameters) {
    absl::StrAppend(&usage, " ", Written(parameter));
  }
  ReferenceEntry entry;
  entry.kind = EntryKind::kProcedure;
  entry.name = std::string(row.name);
  entry.usage = absl::StrCat(usage, ")");
  entry.result = std::string(signature.result);
  entry.doc = std::string(row.doc);
  entry.example = std::string(row.example);
  entry.since = row.since;
  entry.signature = row.signature;
  return entry;
}

ReferenceEntry EntryOf(EntryKind kind, const Form& row) {
  ReferenceEntry entry;
  entry.kind = kind;
  entry.name = std::string(row.name);
  entry.usage = absl::StrReplaceAll(row.usage, {{") or (", ")\n("}});
  entry.doc = std::string(row.doc);
  entry.example = std::string(row.example);
  entry.since = row.since;
  entry.reach = row.reach;
  return entry;
}

ReferenceSection SpecialFormSection() {
  ReferenceSection section;
  section.title = "Special forms";
  section.intro =
      "When the first element of a list is one of these names, the list is that form: they cannot "
      "be shadowed there.";
  for (const Form& row : SpecialForms()) section.entries.push_back(EntryOf(EntryKind::kForm, row));
  return section;
}

ReferenceSection DerivedSection() {
  ReferenceSection section;
  section.title = "Derived forms";
  section.intro =
      "Macros that come with the language. A program may define their names for itself.";
  for (const DerivedMacro& row : DerivedMacros()) {
    section.entries.push_back(EntryOf(EntryKind::kMacro, row.form));
  }
  return section;
}

}  // namespace

ReferenceSection SectionOf(const BuiltinTable& table) {
  ReferenceSection section{std::string(table.section), std::string(table.intro), {}};
  for (const Builtin& row : table.rows) section.entries.push_back(EntryOf(row));
  return section;
}

ReferenceSection SectionOf(const MacroTable& table) {
  ReferenceSection section{std::string(table.section), std::string(table.intro), {}};
  for (const Form& row : table.rows) section.entries.push_back(EntryOf(EntryKind::kMacro, row));
  return section;
}

std::vector<ReferenceChapter> LanguageReference() {
  return {
      {"forms", "Forms", {SpecialFormSection(), DerivedSection()}},
      {"numbers",
       "Numbers",
       {SectionOf(NumberBuiltins()), SectionOf(IntegerBuiltins()), SectionOf(RealBuiltins())}},
      {"lists",
       "Lists",
       {SectionOf(PairBuiltins()), SectionOf(ListBuiltins()), SectionOf(SearchBuiltins()),
        SectionOf(SequenceBuiltins()), SectionOf(SortBuiltins())}},
      {"vectors", "Vectors", {SectionOf(VectorBuiltins())}},
      {"hash_tables", "Hash tables", {SectionOf(HashTableBuiltins())}},
      {"records", "Records", {SectionOf(RecordMacros())}},
      {"strings",
       "Strings, characters and symbols",
       {SectionOf(StringBuiltins()), SectionOf(StringSearchBuiltins()),
        SectionOf(StringWalkBuiltins()), SectionOf(CharBuiltins()), SectionOf(SymbolBuiltins())}},
      {"regex", "Regular expressions", {SectionOf(RegexBuiltins())}},
      {"json", "JSON", {SectionOf(JsonBuiltins())}},
      {"paths", "Paths", {SectionOf(PathBuiltins())}},
      {"ports", "Ports", {SectionOf(PortBuiltins())}},
      {"control", "Control", {SectionOf(ControlBuiltins())}},
      {"errors",
       "Errors and messages",
       {SectionOf(ErrorBuiltins()), SectionOf(MessageMacros()), SectionOf(ResultBuiltins()),
        SectionOf(SystemBuiltins())}},
      {"inputs", "Inputs", {SectionOf(InputBuiltins())}},
  };
}

}  // namespace pelagos::reml
