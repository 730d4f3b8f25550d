// In which order futures are executed: in tiers. What is in a tier needs only what is in earlier
// ones, and everything is in the earliest that it can be in; within a tier, things stand in the
// order in which a walk from the futures that are wanted, upstreams first, comes to them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "pelagos/compose/future.h"
#include "pelagos/reml/value.h"

namespace pelagos::compose {

struct FutureTiers {
  std::vector<std::vector<reml::Value>> tiers;
  size_t futures = 0;
};

enum class TiersOutcome : uint8_t { kFine, kCycle, kStopped };

// `is_done`: it has a value, and needs no place. `is_busy`: it waits for the result of this, to
// need it is a cycle (there are no others: a future is made after its upstreams). `charge` is asked
// for each step; false stops. No host recursion.
template <typename IsDone, typename IsBusy, typename Charge>
TiersOutcome SortIntoTiers(absl::Span<const reml::Value> wanted, IsDone is_done, IsBusy is_busy,
                           Charge charge, FutureTiers* out) {
  struct Visit {
    reml::Value future;
    size_t next = 0;   // upstream
    size_t level = 0;  // the tier, as far as the upstreams so far say
  };
  absl::flat_hash_map<uint64_t, size_t> levels;
  std::vector<Visit> path;
  const auto leave = [&](reml::Value future, size_t level) {
    levels.emplace(future.word(), level);
    if (out->tiers.size() <= level) out->tiers.resize(level + 1);
    out->tiers[level].push_back(future);
    ++out->futures;
  };
  for (reml::Value root : wanted) {
    if (is_done(root) || levels.contains(root.word())) continue;
    if (is_busy(root)) return TiersOutcome::kCycle;
    path.push_back({root});
    while (!path.empty()) {
      if (!charge()) return TiersOutcome::kStopped;
      Visit& visit = path.back();
      const auto& upstreams = PartsOf(visit.future).upstreams;
      if (visit.next == upstreams.size()) {
        leave(visit.future, visit.level);
        path.pop_back();
        continue;
      }
      const reml::Value upstream = upstreams[visit.next];
      if (is_done(upstream)) {
        ++visit.next;
      } else if (const auto known = levels.find(upstream.word()); known != levels.end()) {
        visit.level = std::max(visit.level, known->second + 1);
        ++visit.next;
      } else if (is_busy(upstream)) {
        return TiersOutcome::kCycle;
      } else {
        path.push_back({upstream});
      }
    }
  }
  return TiersOutcome::kFine;
}

}  // namespace pelagos::compose
