// Modes as chmod(1) and umask(1) take them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos {

// An octal number from 0 to `most`, with at most one digit more than that has ("0755").
inline std::optional<uint32_t> ParseOctal(absl::string_view text, uint32_t most) {
  size_t digits = 1;
  for (uint32_t rest = most; rest != 0; rest /= 8) ++digits;
  if (text.empty() || text.size() > digits) return std::nullopt;
  uint32_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<uint32_t>(c - '0');
  }
  if (value > most) return std::nullopt;
  return value;
}

}  // namespace pelagos
