// The options of a mount, as config.json lists them, sorted out for the calls that they are for.
//
// Pure. Source: OCI runtime-spec config.md ("Linux mount options"), mount(2), mount_setattr(2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "pelagos/policy/mount_attributes.h"

namespace pelagos::oci {

struct MountOptionSet {
  uint64_t flags = 0;          // MS_* of mount(2), for file systems
  MountAttributes attributes;  // the same and more, for binds and for the mounts below
  std::string data;  // what none of the words is: the file system's own, "size=64k,mode=1"
  bool bind = false, recursive = false;
  bool copy_up = false;                         // tmpcopyup
  bool map_ids = false, map_ids_below = false;  // idmap, ridmap
  friend bool operator==(const MountOptionSet&, const MountOptionSet&) = default;
};

// The last of words that speak of the same counts.
MountOptionSet ParseMountOptions(absl::Span<const std::string> words);

// All words that ParseMountOptions knows, sorted: what `features` lists.
std::vector<std::string> MountOptionWords();

}  // namespace pelagos::oci
