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
#include "pelagos/reml/forms.h"

namespace pelagos::reml {

struct DerivedMacro {
  Form form;
  NativeMacro expand;
};

// In the order of the reference.
absl::Span<const DerivedMacro> DerivedMacros();

}  // namespace pelagos::reml
