// What a mount is made to be after it is there: flags of the mount itself, of all mounts below it,
// and how it propagates.
//
// A value. Source: mount_setattr(2), mount(2); OCI runtime-spec config.md ("Linux mount options").
#pragma once

#include <cstdint>
#include <vector>

namespace pelagos {

struct MountAttributes {
  // MOUNT_ATTR_* of the mount itself.
  uint64_t set = 0, clear = 0;
  // The same, of it and of all below it.
  uint64_t set_below = 0, clear_below = 0;
  // MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE, each alone or with MS_REC; one after the other.
  std::vector<uint64_t> propagation = {};

  bool empty() const { return *this == MountAttributes{}; }
  friend bool operator==(const MountAttributes&, const MountAttributes&) = default;
};

}  // namespace pelagos
