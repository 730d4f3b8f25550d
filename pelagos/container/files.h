// The files of a container, running or not, as one root to look them up in: for `cp`, `export` and
// whoever else reads or changes them from outside.
//
//   running    /proc/PID/root of its first process, which is held by a pidfd meanwhile: all that is
//              mounted in it is there
//   stopped    an overlay of its image and its writable layer that is mounted nowhere: it goes with
//              its descriptor. To read, read-only and without a lock; to write, with the claim of
//              the id, so that nobody starts the container meanwhile. Volumes are not there
//
// Whatever is in the root was put there by strangers, who may change it meanwhile: it is used
// through sys::RootFd alone.
//
// Source: proc_pid_root(5), fsmount(2).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/container/inventory.h"
#include "pelagos/policy/id_map.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/root_fd.h"

namespace pelagos::container {

enum class FileUse : uint8_t { kRead, kWrite };

// Of a container that does not run (or of its writable layer while it runs): image and writable
// layer.
struct LayerFolders {
  std::vector<std::string> lowers;  // of the image, top first; or the root folder alone
  std::string upper, work;
};
// FailedPrecondition: the container has none, as one of an OCI bundle.
absl::StatusOr<LayerFolders> LayersOf(const store::Roots& roots, const Found& found);

// Makes the upper and the work folder where they are missing, as of a container that was never
// started, as its start would: with the mode and the owner that its root has.
absl::Status MakeLayer(const LayerFolders& layers, const IdMap& ids);

// Moves only.
class ContainerFiles {
 public:
  // FailedPrecondition: a container that does not run has nothing to look at any more, or has a
  // read-only root that is to be written.
  static absl::StatusOr<ContainerFiles> Open(const store::Roots& roots, const Found& found,
                                             FileUse use);

  // Of a running container the root without what is mounted in it; else as Open for reading.
  static absl::StatusOr<ContainerFiles> OpenBare(const store::Roots& roots, const Found& found);

  const sys::RootFd& root() const { return root_; }
  // Of its user namespace: how its ids are called on the host. Empty: as there.
  const IdMap& ids() const { return ids_; }

  // The mount of the spec at or above which `path` (absolute, without links) lies and which is not
  // there, since the container does not run; empty: none.
  std::string MissingMount(absl::string_view path) const;

 private:
  ContainerFiles(sys::RootFd root, IdMap ids, Fd claim)
      : root_(std::move(root)), ids_(std::move(ids)), claim_(std::move(claim)) {}

  sys::RootFd root_;
  IdMap ids_;
  Fd claim_;
  std::vector<std::string> missing_mounts_;
};

}  // namespace pelagos::container
