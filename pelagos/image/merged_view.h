// Reads files of an image before it is mounted: what overlayfs would show of its layers.
//
//   layers[0]   etc/ -> .                     a name is looked up top first; a folder goes on in
//   layers[1]   etc/passwd   whiteout(home)   the layers below it, anything else hides them, a
//   layers[2]   etc/group    home/            whiteout or an opaque folder ends the search
//
// Source: the kernel's Documentation/filesystems/overlayfs.rst ("whiteouts and opaque
// directories"). Links are followed by hand, inside the view: every step opens one path without
// links below one layer's folder, so that nothing outside can be reached. The files are what
// strangers wrote.
#pragma once

#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/sys/root_fd.h"

namespace pelagos::image {

// Owns a descriptor per layer. Moves only.
class MergedView {
 public:
  // `layers` are host folders, top first. A plain rootfs is one layer.
  static absl::StatusOr<MergedView> Open(const std::vector<std::string>& layers);

  // The content of a regular file. NotFound if there is none of that name (or it is whited out);
  // FailedPrecondition if it is not a regular file or a loop of links; ResourceExhausted if it is
  // larger than `max_bytes`.
  absl::StatusOr<std::string> ReadFile(absl::string_view path, size_t max_bytes) const;

 private:
  struct Place;  // a name in the view: the layers that hold it, and its path in them

  explicit MergedView(std::vector<sys::RootFd> layers) : layers_(std::move(layers)) {}
  absl::StatusOr<Place> Resolve(absl::string_view path) const;
  absl::StatusOr<Place> Step(const Place& folder, absl::string_view name) const;

  std::vector<sys::RootFd> layers_;  // top first
};

}  // namespace pelagos::image
