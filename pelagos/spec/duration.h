// Lengths of time as people write them: "30s", "2m", "1h", "1m30s".
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos {

// Whole seconds. nullopt unless each number has its unit (h, m, s), each unit comes once and the
// larger ones first, and the sum is at most some 30000 years.
constexpr std::optional<int64_t> ParseDuration(absl::string_view text) {
  constexpr int64_t kMost = int64_t{1} << 40;
  constexpr absl::string_view kUnits = "hms";
  int64_t seconds = 0;
  int64_t number = 0;
  bool digits = false;
  size_t next_unit = 0;
  for (char c : text) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
      if (number > kMost) return std::nullopt;
      digits = true;
      continue;
    }
    size_t unit = next_unit;
    while (unit < kUnits.size() && kUnits[unit] != c) ++unit;
    if (!digits || unit == kUnits.size()) return std::nullopt;
    for (size_t i = unit; i + 1 < kUnits.size(); ++i) number *= 60;
    seconds += number;
    if (seconds > kMost) return std::nullopt;
    number = 0;
    digits = false;
    next_unit = unit + 1;
  }
  if (text.empty() || digits) return std::nullopt;
  return seconds;
}

}  // namespace pelagos
