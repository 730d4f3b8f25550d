#include "tools/reml/emacs_words.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "pelagos/reml/usage.h"
#include "tools/reml/word_groups.h"

namespace pelagos {
namespace {

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

// Elements on lines of no more than 80 characters.
std::string Filled(const std::vector<std::string>& elements) {
  constexpr size_t kWidth = 80;
  std::string text;
  size_t column = kWidth;
  for (const std::string& element : elements) {
    const bool wraps = column + 1 + element.size() > kWidth;
    absl::StrAppend(&text, wraps ? "\n    " : " ", element);
    column = (wraps ? 4 : column + 1) + element.size();
  }
  return text;
}

std::string Constant(absl::string_view name, const std::vector<std::string>& elements,
                     absl::string_view doc) {
  return absl::StrCat("\n(defconst reml-words-", name, "\n  '(", Filled(elements).substr(5),
                      ")\n  ", Quoted(doc), ")\n");
}

std::string Words(absl::string_view name, const WordGroups::Words& words, absl::string_view doc) {
  std::vector<std::string> elements;
  for (absl::string_view word : words) elements.push_back(Quoted(word));
  return Constant(name, elements, doc);
}

// ("when" . 1): what stands before its body.
std::vector<std::string> Bodies(const language::Vocabulary& vocabulary) {
  std::vector<std::string> bodies;
  for (const language::Word& word : vocabulary.words()) {
    for (const reml::UsageWay& way : word.ways) {
      if (!way.has_body()) continue;
      bodies.push_back(absl::StrCat("(", Quoted(word.name()), " . ", way.before_body(), ")"));
      break;
    }
  }
  return bodies;
}

}  // namespace

std::string EmacsWords(const language::Vocabulary& vocabulary) {
  const WordGroups groups = GroupWords(vocabulary);
  return absl::StrCat(
      ";;; reml-words.el --- The words of reml  -*- lexical-binding: t; -*-\n\n"
      ";; Written by `",
      kRenewEditorFiles,
      "'; not to be edited.\n\n"
      ";;; Commentary:\n\n;; What `reml-mode' colours and indents.\n\n;;; Code:\n",
      Words("special-forms", groups.special_forms, "Special forms that define nothing."),
      Words("definitions", groups.definitions, "Forms and macros that define names."),
      Words("macros", groups.macros, "Macros that define nothing."),
      Words("marks", groups.marks, "Words that mean something inside of a form."),
      Words("procedures", groups.procedures, "Procedures."),
      Words("options", groups.options, "Options of a service."),
      Words("formals", groups.formals, "Forms that begin with parameters."),
      Constant("bodies", Bodies(vocabulary), "How many parts a form has before its body."),
      "\n(provide 'reml-words)\n;;; reml-words.el ends here\n");
}

}  // namespace pelagos
