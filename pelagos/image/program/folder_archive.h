// `pelagos-image import FOLDER`: a folder of the host as a tar stream, so that it goes the same way
// into the store as an archive from elsewhere.
#pragma once

#include "absl/status/status.h"
#include "pelagos/base/fd.h"

namespace pelagos::image {

// Writes the folder (open with O_RDONLY) to `out` as a pax archive: owners, modes, times, hard
// links, devices, and the xattrs an image may carry. Names are sorted, so that the same folder
// gives the same archive. Follows no link and crosses no mount: of a folder on which something is
// mounted, only the mounted root itself is written. Sockets are left out: tar has none.
absl::Status WriteFolderArchive(const Fd& folder, int out);

}  // namespace pelagos::image
