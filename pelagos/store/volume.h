// Named volumes: folders that outlive containers, each with a note of what is known of it, such as
// the project it belongs to.
//
// DATA/volumes/NAME/{meta.json,data/}, and users/ID for each container that shares it with the one
// it was made for. Names have passed NameProblem (policy/name.h). Made and
// removed through a temporary folder and a rename, so that a volume is whole or not there.
// Thread-safe between processes by the kernel's rename.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/store/paths.h"

namespace pelagos::store {

struct Volume {
  std::string name;
  std::string project, file;  // of the stack that made it; empty: none did
  std::string created;        // RFC 3339, UTC; empty: before that was noted
  std::map<std::string, std::string> labels;

  // Made for a container that asked for a volume without a name: 64 hexadecimal digits.
  bool anonymous() const;

  friend bool operator==(const Volume&, const Volume&) = default;
};

// Puts into a new volume what it begins with, in the folder of its data.
using FillVolume = std::function<absl::Status(const std::string& data)>;

// Makes the volume unless it is there, which then stays as it is. `created` is filled in where it
// is empty. True: it was made, and `fill` has filled it; one that it fails for is not made.
absl::StatusOr<bool> CreateVolume(const Roots& roots, const Volume& volume,
                                  const FillVolume& fill = nullptr);

// Has `fill` fill its data if there are none; fine if there is no such volume.
absl::Status FillIfEmpty(const Roots& roots, const std::string& name, const FillVolume& fill);

// Notes that a container has it which it was not made for; fine if there is no such volume. It
// stays, also when the one it was made for goes, while a container of that id is kept or runs.
absl::Status ShareVolume(const Roots& roots, const std::string& name, const std::string& id);

// Removes it, unless others share it.
absl::Status RemoveUnsharedVolume(const Roots& roots, const std::string& name);

// NotFound.
absl::StatusOr<Volume> ReadVolume(const Roots& roots, const std::string& name);

// Sorted by name. One whose note cannot be read has only a name.
absl::StatusOr<std::vector<Volume>> ListAllVolumes(const Roots& roots);

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
