// The special forms of the language: what the analyzer, the diagnostics, the reference and the
// tools know of them. Macros that come with the language are rows of the same kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace pelagos::reml {

// Where the names that a form brings mean something. `body` in its usage always sees them.
enum class Reach : uint8_t {
  kNone,        // it brings none: what its usage calls a name is one that there is
  kAround,      // in the body around the form, or in the program
  kBody,        // not in what they are bound to
  kSequential,  // also in what the names after them are bound to
  kRecursive,   // in the whole form
  kClause,      // in the list that the name stands in
};

// All views are of static storage.
struct Form {
  absl::string_view name;
  // As it is written: "(if test then [else])". [..]: may be left out; ...: any number of times.
  // When there are several ways, one a line. usage.h says what tools read from the words in it.
  absl::string_view usage;
  // Sentences for the manual. Parts of the usage in capitals, code in `quotes`.
  absl::string_view doc;
  // Programs with answers, one a line, as in builtin.h.
  absl::string_view example;
  // The version of the language that brought it; 0: the original Pelagos has it too.
  int since = 0;
  Reach reach = Reach::kNone;
};

// In the order of the table.
enum class SpecialForm : uint8_t {
  kNone,
  kQuote,
  kQuasiquote,
  kIf,
  kCond,
  kWhen,
  kUnless,
  kAnd,
  kOr,
  kBegin,
  kDefine,
  kSet,
  kLambda,
  kLet,
  kLetStar,
  kLetrec,
  kDo,
  kGuard,
  kDefmacro,
};
inline constexpr size_t kSpecialForms = static_cast<size_t>(SpecialForm::kDefmacro);

// All of them; that of `form` is at its number less one.
absl::Span<const Form> SpecialForms();
// Requires: not kNone
inline const Form& FormOf(SpecialForm form) {
  return SpecialForms()[static_cast<size_t>(form) - 1];
}

// The hint for a form that is not as it should be: "it is (if test then [else])". `way` is the line
// of its usage.
std::string UsageHint(const Form& form, size_t way = 0);

}  // namespace pelagos::reml
