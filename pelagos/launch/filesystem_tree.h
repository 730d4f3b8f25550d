// A file system that the launcher mounts itself, detached: one whose ids are mapped, or that is to
// be the root.
//
// Source: fsopen(2), fsconfig(2), fsmount(2), mount_setattr(2) ("ID-mapped mounts").
#pragma once

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/plan/op.h"

namespace pelagos::launch {

// Its mode is that of its options: nothing is known of the folder that it will cover.
// FailedPrecondition where its ids cannot be mapped; other errors carry their errno.
absl::StatusOr<Fd> MakeFilesystemTree(const MountFilesystem& op);

}  // namespace pelagos::launch
