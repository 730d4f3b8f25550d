// The cgroups of one container on the host: made before it, removed after it.
//
// Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst ("cgroup.kill", "cgroup.events").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/plan/launch_plan.h"

namespace pelagos::launch {

// Enables the controllers, makes the folders, writes the limits. Empty folders that are there
// already are used again; ALREADY_EXISTS if one holds processes. On failure nothing is left.
absl::Status CreateCgroups(const CgroupSteps& steps);

// The limits alone, of folders that are there.
absl::Status WriteLimits(const std::vector<CgroupWrite>& limits);

// The same where others stand. Limits may depend on each other (memory, and memory with swap): what
// is refused is tried again after the others.
absl::Status ChangeLimits(const std::vector<CgroupWrite>& limits);

// Kills what runs in them and removes the folders with all below them. What is not there is fine.
// DEADLINE_EXCEEDED if a killed process does not end within ten seconds.
absl::Status RemoveCgroups(const CgroupSteps& steps);

// The same for the cgroups called `name` (a layout's prefix and the container's id) below the
// mounted hierarchies `mounts`: for whoever cleans up without the plan.
absl::Status RemoveCgroups(absl::string_view name, const std::vector<std::string>& mounts);

// How often the kernel killed a process of the container for want of memory; 0 where no memory
// controller counts. Source: memory.events (v2), memory.oom_control (v1).
absl::StatusOr<uint64_t> OomKills(const CgroupSteps& steps);

}  // namespace pelagos::launch
