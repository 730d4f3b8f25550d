// What containers and volumes take on the disk, and who has volumes. Nothing is locked: it is as it
// was while one looked.
//
// Source: fcntl(2), F_OFD_GETLK; proc_pid_mountinfo(5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/store/paths.h"

namespace pelagos::store {

struct ContainerUsage {
  std::string id;
  std::string name = {};  // empty: none but the id
  bool kept = false;      // it has a record, and stays when it does not run
  bool running = false;   // else, unless it is kept, it was killed: the next command removes it
  uint64_t bytes = 0;     // that it has written over its image
};

struct VolumeUsage {
  std::string name;
  size_t links = 0;  // mount namespaces that have it: containers, mostly
  uint64_t bytes = 0;
};

// By the volume's name, in how many mount namespaces it is.
absl::StatusOr<std::map<std::string, size_t>> CountVolumeLinks(const Roots& roots);

// Sorted by name, both. Of a store that is not there: nothing.
absl::StatusOr<std::vector<ContainerUsage>> MeasureContainers(const Roots& roots);
absl::StatusOr<std::vector<VolumeUsage>> MeasureVolumes(const Roots& roots);

namespace internal {
// Where a folder is, whichever namespace looks: the file system, and the path in it.
struct Place {
  std::string device, path;  // "254:0", "/var/lib/pelagos/volumes/x/data"
  friend bool operator==(const Place&, const Place&) = default;
};
// `path` is absolute and has no links; `mountinfo` is that of who names it so.
Place PlaceOf(absl::string_view mountinfo, absl::string_view path);
// Whether one of the mounts begins there.
bool ShowsPlace(absl::string_view mountinfo, const Place& place);
}  // namespace internal

}  // namespace pelagos::store
