// The overlay of a container's root as a detached mount: for a container in a user namespace of its
// own, where it is made by the launcher.
//
// Source: fsopen(2), fsconfig(2), fsmount(2), mount_setattr(2); overlayfs.rst.
#pragma once

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/plan/op.h"

namespace pelagos::launch {

// Without devices (nodev). FailedPrecondition where the file system of a layer takes no id map. The
// caller's mount namespace stays as it is.
absl::StatusOr<Fd> MountOverlayTree(const MountOverlayRoot& op);

}  // namespace pelagos::launch
