// The part of the standard library that is written in the language: stdlib.reml, embedded.
#pragma once

#include "absl/strings/string_view.h"

namespace pelagos::reml {

absl::string_view StandardLibrary();

}  // namespace pelagos::reml
