// "did you mean": the nearest of a table's names to what was written.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace pelagos {

// Edit distance with transpositions, capped work: names are short.
inline size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::vector<size_t>> rows(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        rows[i][j] = i + j;
        continue;
      }
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1,
                             rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.size()][b.size()];
}

// The candidate nearest to `written`, or "" when none is near enough to be what was meant (at most
// a third of the letters differ, case aside). Equal distances go to the earlier candidate.
// Inputs over 64 bytes get no suggestion.
template <typename Candidates>
std::string Suggest(absl::string_view written, const Candidates& candidates) {
  constexpr size_t kLongest = 64;
  if (written.empty() || written.size() > kLongest) return "";
  const std::string wanted = absl::AsciiStrToLower(written);
  size_t best = std::max<size_t>(1, wanted.size() / 3) + 1;
  std::string nearest;
  for (const auto& candidate : candidates) {
    const absl::string_view name(candidate);
    if (name.size() > kLongest) continue;
    const size_t distance = EditDistance(wanted, absl::AsciiStrToLower(name));
    if (distance < best) {
      best = distance;
      nearest = std::string(name);
    }
  }
  return nearest;
}

}  // namespace pelagos
