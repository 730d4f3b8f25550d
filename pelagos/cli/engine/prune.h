// What takes away what nobody needs any more: `prune` of stopped containers, `system prune`, and
// `cleanup` of what killed commands left.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/listing.h"

namespace pelagos::cli {

std::vector<Command> PruneCommands();

namespace internal {
// Whether the filters of a prune (until, label, label!) pick a thing that was made then and has
// these labels. Several times of `until` must all be later.
using Picks =
    std::function<bool(absl::Time created, const std::map<std::string, std::string>& labels)>;
// InvalidArgument: a time that is none: an age as 24h, or RFC 3339.
absl::StatusOr<Picks> PicksOf(const Filters& filters, absl::Time now);
}  // namespace internal

}  // namespace pelagos::cli
