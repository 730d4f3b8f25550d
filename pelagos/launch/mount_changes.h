// MountAttributes as the calls of mount_setattr(2) that make them.
#pragma once

#include <vector>

#include "pelagos/abi/mount_flag.h"
#include "pelagos/launch/child_plan.h"
#include "pelagos/policy/mount_attributes.h"

namespace pelagos::launch {

// What counts for the mounts below comes first: the mount itself may differ from them.
inline std::vector<ChildMountChange> MountChanges(const MountAttributes& attributes) {
  std::vector<ChildMountChange> changes;
  if (attributes.set_below != 0 || attributes.clear_below != 0) {
    changes.push_back({attributes.set_below, attributes.clear_below, 0, true});
  }
  if (attributes.set != 0 || attributes.clear != 0) {
    changes.push_back({attributes.set, attributes.clear, 0, false});
  }
  for (uint64_t flags : attributes.propagation) {
    changes.push_back({0, 0, flags & ~kMountRecursive, (flags & kMountRecursive) != 0});
  }
  return changes;
}

}  // namespace pelagos::launch
