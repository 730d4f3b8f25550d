// Cgroups below a container's, for a process that joins it: runc(8), `exec --cgroup`.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/oci/cgroup_limits.h"

namespace pelagos::oci {

// `asked` is one path for all hierarchies ("a/b", "/"), or any number of "memory,cpu:a/b" for some
// of v1; empty: the container's own. Pure: InvalidArgument for what leads out of the container's.
absl::StatusOr<CgroupFolders> SubCgroups(const CgroupFolders& own,
                                         const std::vector<std::string>& asked);

// The first folder that is not there, or "".
std::string FirstMissing(const CgroupFolders& folders);

}  // namespace pelagos::oci
