// `pelagos volume create|ls|inspect|rm|prune`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/listing.h"

namespace pelagos::cli {

std::vector<Command> VolumeCommands();

// What `volume prune` and `system prune --volumes` remove: volumes that nothing uses, of these the
// anonymous ones, or all; `filters` (label, label!) must fit.
struct PrunedVolumes {
  std::vector<std::string> names;
  uint64_t bytes = 0;
};
absl::StatusOr<PrunedVolumes> PruneVolumes(const store::Roots& roots, bool all,
                                           const Filters& filters);

}  // namespace pelagos::cli
