// What the reader adds to its errors.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/suggest.h"

namespace pelagos::reml {

inline constexpr char kPairHint[] = "a pair is (a . b): one datum after the dot";

inline std::string CharacterNameHint(absl::string_view name) {
  static constexpr absl::string_view kNames[] = {"space",  "newline",   "tab",    "return", "null",
                                                 "escape", "backspace", "delete", "alarm"};
  const std::string near = Suggest(name, kNames);
  return near.empty() ? "such as #\\a, #\\space, #\\newline, #\\tab or #\\x41"
                      : absl::StrCat("did you mean #\\", near, "?");
}

// Where the first line after the '(' at `open` begins with a form no further right: before it the
// ')' may be missing.
inline std::optional<size_t> NextForm(absl::string_view text, size_t open) {
  const auto column = [&](size_t at) { return at - (text.rfind('\n', at) + 1); };
  for (size_t end = text.find('\n', open); end < text.size(); end = text.find('\n', end + 1)) {
    const size_t first = text.find_first_not_of(" \t\r", end + 1);
    if (first == absl::string_view::npos) break;
    if (text[first] == '(' && column(first) <= column(open)) return first;
  }
  return std::nullopt;
}

}  // namespace pelagos::reml
