// Who needs which volume: kept containers, running or not, by their records; compose projects,
// whose volumes carry their name; and whoever has it mounted without a record, as `run --rm` in the
// foreground. Looks, and locks nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/store/paths.h"

namespace pelagos::store {

// By the volume's name, what uses it, for people: "container 'web'", "project 'shop'". Volumes
// without users are not in it; some in it may not exist (yet).
absl::StatusOr<std::map<std::string, std::vector<std::string>>> FindVolumeUsers(const Roots& roots);

}  // namespace pelagos::store
