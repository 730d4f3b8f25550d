#include "tools/reml/word_groups.h"

#include <algorithm>

#include "pelagos/reml/forms.h"
#include "pelagos/reml/usage.h"

namespace pelagos {
namespace {

using language::Word;
using reml::Role;
using reml::UsagePart;
using reml::UsageWay;
using Words = WordGroups::Words;

void AddOnce(Words& words, absl::string_view word) {
  if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
}

// "(lambda (parameter...) ...)", "(receive parameters ...)"
bool IsFormals(const UsagePart& part) {
  if (!part.list()) return part.role == Role::kParameter;
  return !part.parts.empty() &&
         std::all_of(part.parts.begin(), part.parts.end(), [](const UsagePart& inner) {
           return !inner.list() && inner.role == Role::kParameter;
         });
}

bool IsName(const UsagePart& part) { return !part.list() && part.role == Role::kName; }

// "(name parameter... [. rest])"
bool IsHead(const UsagePart& part) {
  return part.parts.size() > 1 && IsName(part.parts[0]) && !part.parts[0].repeated &&
         std::all_of(part.parts.begin() + 1, part.parts.end(), [](const UsagePart& inner) {
           return !inner.list() && inner.role == Role::kParameter;
         });
}

void AddMarks(const std::vector<UsagePart>& parts, Words& marks) {
  for (const UsagePart& part : parts) {
    AddMarks(part.parts, marks);
    // Keywords look like what they are wherever they stand.
    if (part.role == Role::kMark && part.word.front() != ':') AddOnce(marks, part.word);
  }
}

bool TakesOptions(const UsageWay& way) {
  return std::any_of(way.parts.begin(), way.parts.end(),
                     [](const UsagePart& part) { return part.word == ":option"; });
}

void AddShapes(const Word& word, WordGroups& groups) {
  const reml::Reach reach = word.entry->reach;
  for (const UsageWay& way : word.ways) {
    AddMarks(way.parts, groups.marks);
    if (TakesOptions(way)) AddOnce(groups.services, word.name());
    if (reach == reml::Reach::kNone || way.parts.empty()) continue;
    const UsagePart& first = way.parts[0];
    if (IsFormals(first)) {
      AddOnce(groups.formals, word.name());
    } else if (IsHead(first)) {
      AddOnce(groups.heads, word.name());
    } else if (!IsName(first)) {
      continue;
    } else if (reach != reml::Reach::kAround) {
      AddOnce(groups.loops, word.name());
    } else if (way.parts.size() > 1 && way.parts[1].list() && IsFormals(way.parts[1])) {
      AddOnce(groups.names_with_formals, word.name());
    } else {
      AddOnce(groups.names, word.name());
    }
  }
}

}  // namespace

WordGroups GroupWords(const language::Vocabulary& vocabulary) {
  WordGroups groups;
  for (const Word& word : vocabulary.words()) {
    if (word.procedure()) {
      groups.procedures.push_back(word.name());
    } else if (word.entry->reach == reml::Reach::kAround) {
      groups.definitions.push_back(word.name());
    } else {
      (word.special() ? groups.special_forms : groups.macros).push_back(word.name());
    }
    AddShapes(word, groups);
  }
  for (const Word& option : vocabulary.options()) groups.options.push_back(option.name());
  return groups;
}

}  // namespace pelagos
