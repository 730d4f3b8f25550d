// Networks that nobody needs any more.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/container/engine.h"

namespace pelagos::cli {

// Removes those that nobody is in, of no project that is up, and that no container asks for; their
// names.
absl::StatusOr<std::vector<std::string>> PruneNetworks(container::Engine& engine);

}  // namespace pelagos::cli
