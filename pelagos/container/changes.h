// What a container has written over its image: `diff`.
//
// Looks at the upper folder of its overlay, which only the kernel writes, and at the layers below,
// whose names strangers chose: each step is one name in an open folder, and follows no link.
//
// Source: overlayfs.rst ("whiteouts and opaque directories"); docker-diff(1).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/container/files.h"

namespace pelagos::container {

struct Change {
  char kind = 'C';   // 'A' added, 'C' changed, 'D' deleted
  std::string path;  // absolute
  friend bool operator==(const Change&, const Change&) = default;
};

// Sorted by path. A folder in which something changed is 'C' itself; of one that was deleted or
// added all is said (of a deleted one, only itself). `mounted`: absolute paths on which the runtime
// mounts something; what it made there for that is no change.
absl::StatusOr<std::vector<Change>> FindChanges(const LayerFolders& layers,
                                                const std::vector<std::string>& mounted);

}  // namespace pelagos::container
