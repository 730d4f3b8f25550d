// Text for people, in lines of a width that is counted in characters.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::cli {

// The names in columns, read downwards, each line with `indent` blanks before it. One name a line
// when they are too wide for two columns; a single name may exceed the width.
std::string InColumns(const std::vector<std::string>& names, size_t width, size_t indent);

// A paragraph broken between words, each line with `indent` blanks before it. Line ends of the text
// stay; code in `quotes` may be broken too.
std::string Wrapped(absl::string_view text, size_t width, size_t indent);

}  // namespace pelagos::cli
