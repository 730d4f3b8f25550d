// What people call a container, for whom only ids are known: networks, ports.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "pelagos/store/paths.h"

namespace pelagos::container {

// The name of a kept container; the id of any other, which is its name.
std::string CalledName(const store::Roots& roots, const std::string& id);

// The status with the names of kept containers in place of their ids. Ids of those that are gone
// stay.
absl::Status WithNames(const store::Roots& roots, const absl::Status& status);

}  // namespace pelagos::container
