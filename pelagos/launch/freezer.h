// Stopping and continuing all processes of a cgroup at once, and which those are.
//
// Source: cgroup-v2.rst ("cgroup.freeze"), cgroup-v1/freezer-subsystem.rst.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pelagos::launch {

// `v2` is the cgroup's folder, `v1_freezer` its folder in the freezer hierarchy; "": it has none.
bool IsFrozen(const std::string& v2, const std::string& v1_freezer);
// Waits until it is so, at most ten seconds (DEADLINE_EXCEEDED).
absl::Status Freeze(const std::string& v2, const std::string& v1_freezer, bool frozen);

// All processes in the cgroup and those below, ascending. What is gone meanwhile is left out.
absl::StatusOr<std::vector<pid_t>> ProcessesBelow(const std::string& folder);

}  // namespace pelagos::launch
