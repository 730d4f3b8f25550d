// The overlay of a container's root as a detached mount, made by the launcher: for a container in a
// user namespace of its own, and for more layers than fit into the options of a mount by their
// paths. And for commands that look into a container which does not run.
//
// Source: fsopen(2), fsconfig(2), fsmount(2), mount_setattr(2); overlayfs.rst.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/plan/op.h"

namespace pelagos::launch {

enum class OverlayDevices : uint8_t { kNone, kUsable };  // nodev, or not

// FailedPrecondition where the file system of a layer takes no id map. The
// caller's mount namespace stays as it is.
absl::StatusOr<Fd> MountOverlayTree(const MountOverlayRoot& op, OverlayDevices devices);

// The same to look at alone: what the layers and, over them, the upper folder show. Read-only, and
// without the work folder; the overlay of a container may use both meanwhile (what it changes then
// is seen or not). For reading containers that do not run.
absl::StatusOr<Fd> MountOverlayView(const MountOverlayRoot& op);

}  // namespace pelagos::launch
