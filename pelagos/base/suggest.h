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

// How many bytes of both are words that they begin with, each with the '-' behind it.
inline size_t CommonWords(absl::string_view a, absl::string_view b) {
  size_t words = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()) && a[i] == b[i]; ++i) {
    if (a[i] == '-') words = i + 1;
  }
  return words;
}

// The candidate nearest to `written`, or "" when none is near enough to be what was meant: at most
// a third of the letters differ, case aside, not counting the words that both begin with
// ("string-"), and not all of them. Equal distances go to the earlier candidate. Inputs over 64
// bytes get no suggestion.
template <typename Candidates>
std::string Suggest(absl::string_view written, const Candidates& candidates) {
  constexpr size_t kLongest = 64, kMostEdits = 4;
  if (written.empty() || written.size() > kLongest) return "";
  const std::string wanted = absl::AsciiStrToLower(written);
  size_t best = kMostEdits + 1;
  std::string nearest;
  for (const auto& candidate : candidates) {
    if (absl::string_view(candidate).size() > kLongest) continue;
    const std::string name = absl::AsciiStrToLower(absl::string_view(candidate));
    const size_t common = CommonWords(wanted, name);
    const size_t letters = wanted.size() - common;
    const size_t distance = EditDistance(wanted, name);
    if (distance < best && distance <= std::max<size_t>(1, letters / 3) &&
        distance < std::max(letters, name.size() - common)) {
      best = distance;
      nearest = std::string(candidate);
    }
  }
  return nearest;
}

}  // namespace pelagos
