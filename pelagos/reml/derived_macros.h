// Forms that are made of other forms: case, let-values, parameterize, delay and their like (R7RS
// 4.2 and 4.3). Written in C++ so that what they bring is hidden from the program: variables are
// aliases (Heap::Alias), procedures are put in as they are.
//
// They are macros and no special forms: a program may define the names for itself, and one that
// was written before they existed does.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pelagos/reml/code.h"

namespace pelagos::reml {

struct DerivedMacro {
  absl::string_view name;
  absl::string_view usage;  // "(case key ((datum ...) body ...) ... [(else body ...)])"
  absl::string_view doc;
  absl::string_view example;  // as in builtin.h
  NativeMacro expand;
  int since = 1;
};

// In the order of the reference.
absl::Span<const DerivedMacro> DerivedMacros();

}  // namespace pelagos::reml
