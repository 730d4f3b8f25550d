// What a bind mount brings in: a detached copy of mounts of the host, with all its attributes.
//
// Source: open_tree(2), mount_setattr(2), mount_namespaces(7).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/plan/op.h"

namespace pelagos::launch {

// The mounts at `path`, private: nothing that is mounted below it later on the host shows inside,
// or the other way round. Errors carry their errno.
absl::StatusOr<Fd> OpenTree(const std::string& path, bool recursive);

// What MapIds takes: a user namespace that is nothing but its maps.
absl::StatusOr<Fd> MakeIdMap(const MountIdMap& ids);

// Makes the owners of files in `tree`, a detached copy of the mount at `source`, show as `map`
// says. FailedPrecondition where its file system cannot.
absl::Status MapIds(const Fd& tree, const Fd& map, bool below, const std::string& source);

// FailedPrecondition where the host's mount does not propagate as asked, or where its file system
// takes no id map.
absl::StatusOr<Fd> OpenBindTree(const BindMount& op);

}  // namespace pelagos::launch
