// What tools read from the usage of a form (forms.h): which of its parts are evaluated, which are
// names, and how many there may be.
//
//   (let loop ((name value)...) body...)
//
// The words of a usage are the parts' names in the manual, and some of them say what a part is:
//
//   name variable loop          a name, bound as Form::reach says
//   parameter parameters rest   a name, bound in the body; `parameters` may be a list of them
//   body                        forms that see all names which the form brings
//   datum literal pattern requirement template field constructor predicate   not evaluated
//   keywords, and `else` at the head of a list   stand for themselves
//
// Everything else is an expression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::reml {

enum class Role : uint8_t { kExpression, kBody, kName, kParameter, kDatum, kMark };

// One part of a usage.
struct UsagePart {
  absl::string_view word;  // empty: a list, of `parts`
  Role role = Role::kExpression;
  bool optional = false;
  bool repeated = false;    // any number of times, also none
  bool tail = false;        // what stands behind the dot of a pair
  bool after_mark = false;  // only there when the mark before it is
  std::vector<UsagePart> parts;

  bool list() const { return word.empty(); }
  // Whether it is a list of names that a name may replace, as in (lambda all ...).
  bool formals() const;
};

// One line of a usage: the parts behind the form's name.
struct UsageWay {
  std::vector<UsagePart> parts;

  // How many parts there must be.
  size_t least() const;
  bool unlimited() const;
  // How many parts stand before `body...`; all of them when there is none.
  size_t before_body() const;
  bool has_body() const { return before_body() < parts.size(); }
};

Role RoleOf(absl::string_view word);

// The ways of a form. Requires: the views last, as those of the tables do. "(let loop ...)" is a
// way of a form; several are lines, or joined by " or ".
std::vector<UsageWay> ParseUsage(absl::string_view usage);

}  // namespace pelagos::reml
