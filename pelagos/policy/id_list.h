// Sets of small numbers as the kernel writes them, "0-3,8": CPUs and memory nodes.
//
// Values. Source: cpuset(7), "List format".
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos {

struct IdRange {
  uint32_t first = 0, last = 0;  // inclusive
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

// Ascending, neither touching nor overlapping: equal sets are equal lists.
using IdList = std::vector<IdRange>;

// The kernel's largest NR_CPUS and MAX_NUMNODES are below.
inline constexpr uint32_t kMostIds = 8192;

// "0-3,8", "0,1"; nullopt for anything else, also for "", "3-1" and ids of kMostIds and more.
inline std::optional<IdList> ParseIdList(absl::string_view text) {
  const auto number = [&text]() -> std::optional<uint32_t> {
    uint32_t value = 0;
    size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
      value = value * 10 + static_cast<uint32_t>(text[digits] - '0');
      if (value >= kMostIds) return std::nullopt;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    return value;
  };
  std::vector<IdRange> ranges;
  for (;;) {
    const std::optional<uint32_t> first = number();
    if (!first) return std::nullopt;
    std::optional<uint32_t> last = first;
    if (!text.empty() && text[0] == '-') {
      text.remove_prefix(1);
      last = number();
      if (!last || *last < *first) return std::nullopt;
    }
    ranges.push_back({*first, *last});
    if (text.empty()) break;
    if (text[0] != ',') return std::nullopt;
    text.remove_prefix(1);
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const IdRange& a, const IdRange& b) { return a.first < b.first; });
  IdList list;
  for (const IdRange& range : ranges) {
    if (!list.empty() && range.first <= list.back().last + 1) {
      list.back().last = std::max(list.back().last, range.last);
    } else {
      list.push_back(range);
    }
  }
  return list;
}

inline std::string IdListText(const IdList& list) {
  std::string text;
  for (const IdRange& range : list) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += "-" + std::to_string(range.last);
  }
  return text;
}

// Every id of `part` is in `all`.
inline bool Contains(const IdList& all, const IdList& part) {
  return std::all_of(part.begin(), part.end(), [&all](const IdRange& range) {
    return std::any_of(all.begin(), all.end(), [&range](const IdRange& other) {
      return other.first <= range.first && range.last <= other.last;
    });
  });
}

}  // namespace pelagos
