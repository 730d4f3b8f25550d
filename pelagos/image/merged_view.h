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

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/sys/root_fd.h"

namespace pelagos::image {

// Owns a descriptor per layer, and those of the folder that was visited last. Moves only.
class MergedView {
 public:
  MergedView(MergedView&&) noexcept;
  ~MergedView();

  // `layers` are host folders, top first. A plain rootfs is one layer.
  static absl::StatusOr<MergedView> Open(const std::vector<std::string>& layers);

  // The content of a regular file. NotFound if there is none of that name (or it is whited out);
  // FailedPrecondition if it is not a regular file or a loop of links; ResourceExhausted if it is
  // larger than `max_bytes`.
  absl::StatusOr<std::string> ReadFile(absl::string_view path, size_t max_bytes);

 private:
  using Layer = std::shared_ptr<const sys::RootFd>;  // a folder in it
  struct Place;                                      // a name in the view: the layers that hold it

  explicit MergedView(std::vector<Layer> layers);
  absl::StatusOr<Place> Resolve(absl::string_view path);
  absl::StatusOr<Place> Step(const Place& folder, absl::string_view name) const;

  std::vector<Layer> layers_;  // top first
  // The folders on the way to the last path: files are mostly asked for by the folder.
  std::string visited_path_;
  std::vector<Place> visited_;
};

}  // namespace pelagos::image
