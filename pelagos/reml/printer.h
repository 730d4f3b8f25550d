// Values as text. Never recurses, so that no list is too deep to print.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "pelagos/reml/value.h"

namespace pelagos::reml {

// As `write` shows a value: what was data reads back as the same.
// Shared structure is printed as often as it occurs, which can be much more than there is; beyond
// `limit` bytes the text is cut off, and that returns false.
bool WriteTo(Value value, std::string* out, size_t limit = SIZE_MAX);
// As `display` shows it: the same, but a string is its text.
bool DisplayTo(Value value, std::string* out, size_t limit = SIZE_MAX);

inline std::string Write(Value value) {
  std::string out;
  WriteTo(value, &out);
  return out;
}
inline std::string Display(Value value) {
  std::string out;
  DisplayTo(value, &out);
  return out;
}

}  // namespace pelagos::reml
