// The words of the language as editors colour them: in groups, each word in exactly one, and by
// what stands behind them. All of it is read from the vocabulary and the usages in it.
#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/language/vocabulary.h"

namespace pelagos {

// The command that renews what is made of them in tools/editor.
inline constexpr char kRenewEditorFiles[] = "bazel run //tools/reml:grammar -- tools/editor";

// The views are those of the vocabulary. Lists are in the order of the manual.
struct WordGroups {
  using Words = std::vector<absl::string_view>;

  // Each word of the language is in one of these.
  Words special_forms;  // but for those that define
  Words definitions;    // forms and macros that bind a name around themselves
  Words macros;         // all others
  Words procedures;
  // Options of a service: after a quote, or as keywords. Some of them are procedures, too.
  Words options;
  // Words that mean something in a form only: else
  Words marks;

  // By what stands behind them; words of the groups above.
  Words services;            // (define-service NAME ... :OPTION ...)
  Words names;               // (define NAME ...)
  Words loops;               // (let NAME ...): a procedure inside of the form
  Words heads;               // (define (NAME PARAMETER...) ...)
  Words names_with_formals;  // (defmacro NAME (PARAMETER...) ...)
  Words formals;             // (lambda (PARAMETER...) ...)
};

WordGroups GroupWords(const language::Vocabulary& vocabulary);

}  // namespace pelagos
