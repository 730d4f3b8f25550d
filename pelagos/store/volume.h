// Named volumes: folders that outlive containers, each with a note of the project it belongs to.
//
// DATA/volumes/NAME/{meta.json,data/}. Made and removed through a temporary folder and a rename, so
// that a volume is whole or not there. Thread-safe between processes by the kernel's rename.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/store/paths.h"

namespace pelagos::store {

// Makes the volume unless it is there. `file` is the stack's, by which `down -v` finds the project
// again when it is down.
absl::Status EnsureVolume(const Roots& roots, const std::string& name, const std::string& project,
                          const std::string& file);

// Removes it with all it holds; fine if it is not there.
absl::Status RemoveVolume(const Roots& roots, const std::string& name);

// Removes what killed commands left half made or half removed.
absl::Status SweepVolumes(const Roots& roots);

// The names of the project's volumes, sorted.
absl::StatusOr<std::vector<std::string>> ListVolumes(const Roots& roots,
                                                     const std::string& project);

// The projects that have volumes and came from that file, sorted.
absl::StatusOr<std::vector<std::string>> ListProjectsOfVolumes(const Roots& roots,
                                                               const std::string& file);

}  // namespace pelagos::store
