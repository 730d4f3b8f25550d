// Which ids of the host stand behind the ids of a user namespace.
//
// Values. Source: user_namespaces(7); the text is that of podman-run(1), --uidmap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace pelagos {

// The ids `inside`, `inside` + 1, ... are `host`, `host` + 1, ... of the namespace above; `count`
// of them. A line of /proc/PID/uid_map.
struct IdMapRange {
  uint32_t inside = 0, host = 0, count = 0;
  friend constexpr bool operator==(const IdMapRange&, const IdMapRange&) = default;
};

using IdMapRanges = std::vector<IdMapRange>;

inline constexpr size_t kMostIdMapRanges = 340;  // user_namespaces(7)
inline constexpr uint32_t kNoId = 0xffffffff;    // (uid_t)-1, no id at all

struct IdMap {
  IdMapRanges uids, gids;
  bool empty() const { return uids.empty() && gids.empty(); }
  friend bool operator==(const IdMap&, const IdMap&) = default;
};

// Why the ranges cannot be a map, as the end of a sentence, or "".
inline absl::string_view RangesProblem(const IdMapRanges& ranges) {
  if (ranges.size() > kMostIdMapRanges) return "has more than 340 ranges";
  for (size_t i = 0; i < ranges.size(); ++i) {
    const IdMapRange& a = ranges[i];
    if (a.count == 0) return "has an empty range";
    if (uint64_t{a.inside} + a.count > kNoId || uint64_t{a.host} + a.count > kNoId) {
      return "has ids over 4294967294";
    }
    for (size_t j = 0; j < i; ++j) {
      const IdMapRange& b = ranges[j];
      const auto meet = [&](uint64_t x, uint64_t y) { return x < y + b.count && y < x + a.count; };
      if (meet(a.inside, b.inside) || meet(a.host, b.host)) return "has ranges that overlap";
    }
  }
  return "";
}

// The same of a whole map. An empty one is none: no problem.
inline absl::string_view IdMapProblem(const IdMap& map) {
  if (map.empty()) return "";
  if (map.uids.empty() || map.gids.empty()) return "needs user ids and group ids";
  const absl::string_view problem = RangesProblem(map.uids);
  return problem.empty() ? RangesProblem(map.gids) : problem;
}

// "0:100000:65536"; without the last number 1 id. nullopt for what is no three numbers; whether
// they make sense is for RangesProblem to say.
inline std::optional<IdMapRange> ParseIdMapRange(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  uint32_t numbers[] = {0, 0, 1};
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty() || parts[i].find_first_not_of("0123456789") != absl::string_view::npos ||
        !absl::SimpleAtoi(parts[i], &numbers[i])) {
      return std::nullopt;
    }
  }
  return IdMapRange{numbers[0], numbers[1], numbers[2]};
}

// What stands behind `inside`; nullopt: it is not mapped.
inline std::optional<uint32_t> HostIdOf(const IdMapRanges& ranges, uint32_t inside) {
  for (const IdMapRange& range : ranges) {
    if (inside >= range.inside && inside - range.inside < range.count) {
      return range.host + (inside - range.inside);
    }
  }
  return std::nullopt;
}

// What `host` is inside; nullopt: it shows as the overflow id.
inline std::optional<uint32_t> InsideIdOf(const IdMapRanges& ranges, uint32_t host) {
  for (const IdMapRange& range : ranges) {
    if (host >= range.host && host - range.host < range.count) {
      return range.inside + (host - range.host);
    }
  }
  return std::nullopt;
}

// As /proc/PID/uid_map takes it, a range a line.
inline std::string IdMapFileText(const IdMapRanges& ranges) {
  std::string text;
  for (const IdMapRange& range : ranges) {
    absl::StrAppend(&text, range.inside, " ", range.host, " ", range.count, "\n");
  }
  return text;
}

// The content of such a file; nullopt if it is none.
inline std::optional<IdMapRanges> ParseIdMapFile(absl::string_view text) {
  IdMapRanges ranges;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    IdMapRange range;
    if (fields.size() != 3 || !absl::SimpleAtoi(fields[0], &range.inside) ||
        !absl::SimpleAtoi(fields[1], &range.host) || !absl::SimpleAtoi(fields[2], &range.count)) {
      return std::nullopt;
    }
    ranges.push_back(range);
  }
  return ranges;
}

// For people: "0:100000:65536, 65536:1000:1".
inline std::string IdMapText(const IdMapRanges& ranges) {
  std::string text;
  for (const IdMapRange& range : ranges) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", range.inside, ":", range.host, ":",
                    range.count);
  }
  return text;
}

// The caller's own id as `id` (of both kinds), all ids around it in order: 0 to id - 1 are the
// first ids after the caller's, and so on. `ids` are those of the namespace above, which must begin
// with 0, the caller; `count` is how many it has without gaps.
inline IdMapRanges KeepIdRanges(uint32_t id, uint32_t count) {
  IdMapRanges ranges;
  const uint32_t below = id < count - 1 ? id : count - 1;
  if (below > 0) ranges.push_back({0, 1, below});
  ranges.push_back({id, 0, 1});
  if (count - 1 > below) ranges.push_back({id + 1, 1 + below, count - 1 - below});
  return ranges;
}

}  // namespace pelagos
