// Root folders of the host that have a name: `run --rootfs NAME`. DATA/rootfs/NAME is a link to the
// folder, which stays the user's: nothing is copied, and nothing of it is removed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/store/paths.h"

namespace pelagos::store {

struct RootFolder {
  std::string name, path;
  bool there = false;  // whether a folder is at `path` now
  friend bool operator==(const RootFolder&, const RootFolder&) = default;
};

// `path` is absolute and a folder. A name that exists means this folder from then on.
// InvalidArgument: the name cannot be one.
absl::Status NameRootFolder(const Roots& roots, const std::string& name, const std::string& path);

// Where it is; nullopt: no folder has the name, or it can be none. One system call.
absl::StatusOr<std::optional<std::string>> FindRootFolder(const Roots& roots,
                                                          absl::string_view name);

// Sorted by name.
absl::StatusOr<std::vector<RootFolder>> ListRootFolders(const Roots& roots);

// The name alone. NotFound.
absl::Status ForgetRootFolder(const Roots& roots, const std::string& name);

}  // namespace pelagos::store
