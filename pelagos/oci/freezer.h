// Stopping and continuing all processes of a container at once, and which those are.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/launch/freezer.h"
#include "pelagos/oci/cgroup_limits.h"

namespace pelagos::oci {

inline std::string V1Freezer(const CgroupFolders& folders) {
  const auto found = folders.v1.find("freezer");
  return found == folders.v1.end() ? "" : found->second;
}

inline bool IsFrozen(const CgroupFolders& folders) {
  return launch::IsFrozen(folders.v2, V1Freezer(folders));
}
inline absl::Status Freeze(const CgroupFolders& folders, bool frozen) {
  return launch::Freeze(folders.v2, V1Freezer(folders), frozen);
}

// All processes in the container's cgroups and those below, ascending.
inline absl::StatusOr<std::vector<pid_t>> ProcessesOf(const CgroupFolders& folders) {
  if (!folders.v2.empty()) return launch::ProcessesBelow(folders.v2);
  if (folders.v1.empty()) return std::vector<pid_t>();
  const auto devices = folders.v1.find("devices");
  return launch::ProcessesBelow(devices == folders.v1.end() ? folders.v1.begin()->second
                                                            : devices->second);
}

}  // namespace pelagos::oci
