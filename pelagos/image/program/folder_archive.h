// Files as a tar stream: a folder of the host that becomes an image (so that it goes the same way
// into the store as an archive from elsewhere), what `cp` and `export` take out of a container, and
// the writable layer that `commit` makes one of an image's.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"
#include "pelagos/policy/id_map.h"

namespace pelagos::image {

struct ArchiveOptions {
  // What the folder, or the file, is called in the archive; empty: the folder is "./", and what is
  // in it has no name before its own.
  std::string name;
  // Else, of a folder on which something is mounted, only the mounted root itself is written.
  bool cross_mounts = false;
  // The folder is the upper one of an overlay: its whiteouts and opaque folders are written as
  // image-spec 1.1, layer.md has them. FailedPrecondition for what no layer can say: folders that
  // were renamed, files without their content (overlayfs.rst, "redirect_dir", "metacopy").
  bool overlay_upper = false;
  // Of the user namespace whose files these are: owners are written as they are called in it.
  IdMap ids;
};

// Writes the folder to `out` as a pax archive: owners, modes, times, hard links, devices, and the
// xattrs an image may carry. Names are sorted, so that the same folder gives the same archive.
// Follows no link, and opens nothing but folders and plain files, whatever others do to the tree
// meanwhile. Sockets are left out: tar has none; so are the files of the kernel's file systems.
absl::Status WriteFolderArchive(const Fd& folder, int out, const ArchiveOptions& options = {});

// The same of anything else that `entry` (O_PATH) is. Requires: a name.
absl::Status WriteFileArchive(const Fd& entry, int out, const ArchiveOptions& options);

}  // namespace pelagos::image
