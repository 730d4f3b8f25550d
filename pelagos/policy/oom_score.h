// How ready the kernel is to kill a container's processes when memory runs out.
//
// Source: proc_pid_oom_score_adj(5).
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos {

inline constexpr int kLeastOomScoreAdj = -1000;  // never killed
inline constexpr int kMostOomScoreAdj = 1000;

// Why a value cannot be set, as the end of a sentence, or "".
constexpr absl::string_view OomScoreAdjProblem(int value) {
  return value < kLeastOomScoreAdj || value > kMostOomScoreAdj ? "must be from -1000 to 1000" : "";
}

// "-500", "0", "300"; nullopt for other texts and what is out of range.
constexpr std::optional<int> ParseOomScoreAdj(absl::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 4) return std::nullopt;
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (negative) value = -value;
  if (!OomScoreAdjProblem(value).empty()) return std::nullopt;
  return value;
}

}  // namespace pelagos
