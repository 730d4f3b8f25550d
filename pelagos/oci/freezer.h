// Stopping and continuing all processes of a container at once, and which those are.
//
// Source: cgroup-v2.rst ("cgroup.freeze"), cgroup-v1/freezer-subsystem.rst.
#pragma once

#include <sys/types.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/oci/cgroup_limits.h"

namespace pelagos::oci {

bool IsFrozen(const CgroupFolders& folders);
// Waits until it is so.
absl::Status Freeze(const CgroupFolders& folders, bool frozen);

// All processes in the container's cgroups and those below, ascending.
absl::StatusOr<std::vector<pid_t>> ProcessesOf(const CgroupFolders& folders);

}  // namespace pelagos::oci
