// The version of a kernel, as far as features depend on it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos {

struct KernelVersion {
  uint32_t major = 0, minor = 0;
  friend constexpr auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

// "6.18.44-amd64" (uname(2), release) and "4.8": what follows the second number does not count.
constexpr std::optional<KernelVersion> ParseKernelVersion(absl::string_view text) {
  uint32_t numbers[2] = {};
  size_t at = 0;
  for (uint32_t& number : numbers) {
    const size_t begin = at;
    constexpr size_t kMostDigits = 5;
    while (at < text.size() && at - begin < kMostDigits && text[at] >= '0' && text[at] <= '9') {
      number = number * 10 + static_cast<uint32_t>(text[at] - '0');
      ++at;
    }
    if (at == begin) return std::nullopt;
    if (&number == &numbers[0]) {
      if (at == text.size() || text[at] != '.') return std::nullopt;
      ++at;
    }
  }
  if (at != text.size() && text[at] != '.' && text[at] != '-' && text[at] != '+') {
    return std::nullopt;
  }
  return KernelVersion{numbers[0], numbers[1]};
}

}  // namespace pelagos
