#include "pelagos/launch/overlay_tree.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/bind_tree.h"
#include "pelagos/launch/overlay_options.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::launch {
namespace {

absl::Status Configure(const Fd& context, unsigned command, const char* key, const void* value,
                       int auxiliary, absl::string_view name) {
  const sys::Result set = sys::Call(SYS_fsconfig, context.get(), command, key, value, auxiliary);
  if (set.ok()) return absl::OkStatus();
  // What the kernel has to say comes as messages of the context, one a read: "e overlay: ...".
  std::string said;
  char message[1024];
  for (;;) {
    const sys::Result got =
        sys::Call(SYS_read, context.get(), static_cast<char*>(message), sizeof(message));
    if (!got.ok() || got.value == 0) break;
    absl::StrAppend(&said, " (", absl::string_view(message, static_cast<size_t>(got.value)), ")");
  }
  return ErrnoStatus(set.err, absl::StrCat("overlay: ", key), absl::StrCat(name, said));
}

// With the upper folder as the topmost layer, which nothing is written to.
enum class Writing { kYes, kNo };

// Where the layers are named by their descriptors, and where in the file system.
enum class Naming { kDescriptor, kPath };

absl::Status SetFolder(const Fd& context, const char* key, const Fd& folder,
                       absl::string_view name) {
  return Configure(context, FSCONFIG_SET_FD, key, nullptr, folder.get(), name);
}

std::string NameOf(const Fd& folder) { return absl::StrCat("/proc/self/fd/", folder.get()); }

absl::StatusOr<Fd> OpenLayer(const std::string& lower, const Fd& map, Naming naming) {
  if (!map.valid()) return sys::OpenFile(lower, O_PATH | O_DIRECTORY);
  PELAGOS_ASSIGN_OR_RETURN(Fd tree, OpenTree(lower, false), "a layer");
  PELAGOS_RETURN_IF_ERROR(MapIds(tree, map, false, lower), "layer");
  if (naming == Naming::kDescriptor) return tree;
  // Over the layer itself: in this mount namespace nobody else is.
  const sys::Result moved =
      sys::Call(SYS_move_mount, tree.get(), "", AT_FDCWD, lower.c_str(), MOVE_MOUNT_F_EMPTY_PATH);
  if (!moved.ok()) return ErrnoStatus(moved.err, "move_mount", lower);
  return tree;
}

absl::StatusOr<Fd> MapOf(const MountOverlayRoot& op) {
  if (op.ids.empty()) return Fd();
  return MakeIdMap(op.ids);
}

absl::StatusOr<Fd> Mount(const MountOverlayRoot& op, OverlayDevices devices, Writing writing) {
  const sys::Result opened = sys::Call(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
  if (!opened.ok()) return ErrnoStatus(opened.err, "fsopen", "overlay");
  const Fd context(static_cast<int>(opened.value));
  PELAGOS_RETURN_IF_ERROR(
      Configure(context, FSCONFIG_SET_STRING, "source", "overlay", 0, "overlay"));
  if (op.user_xattrs) {
    PELAGOS_RETURN_IF_ERROR(Configure(context, FSCONFIG_SET_FLAG, "userxattr", nullptr, 0, ""));
  }
  if (!op.label.empty()) {
    PELAGOS_RETURN_IF_ERROR(
        Configure(context, FSCONFIG_SET_STRING, "context", op.label.c_str(), 0, op.label));
  }
  PELAGOS_ASSIGN_OR_RETURN(const Fd map, MapOf(op), "the id map of the layers");
  PELAGOS_ASSIGN_OR_RETURN(const Fd upper, sys::OpenFile(op.upper, O_PATH | O_DIRECTORY));
  if (writing == Writing::kNo) {
    PELAGOS_RETURN_IF_ERROR(SetFolder(context, "lowerdir+", upper, op.upper));
  }
  for (const std::string& lower : op.lowers) {
    PELAGOS_ASSIGN_OR_RETURN(const Fd layer, OpenLayer(lower, map, Naming::kDescriptor), "a layer");
    PELAGOS_RETURN_IF_ERROR(SetFolder(context, "lowerdir+", layer, lower));
  }
  if (writing == Writing::kYes) {
    PELAGOS_RETURN_IF_ERROR(SetFolder(context, "upperdir", upper, op.upper));
    PELAGOS_ASSIGN_OR_RETURN(const Fd work, sys::OpenFile(op.work, O_PATH | O_DIRECTORY));
    PELAGOS_RETURN_IF_ERROR(SetFolder(context, "workdir", work, op.work));
  }
  PELAGOS_RETURN_IF_ERROR(Configure(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0, "the root"));
  const uint64_t attributes = (devices == OverlayDevices::kNone ? MOUNT_ATTR_NODEV : 0) |
                              (writing == Writing::kNo ? MOUNT_ATTR_RDONLY : 0);
  const sys::Result mounted = sys::Call(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, attributes);
  if (!mounted.ok()) return ErrnoStatus(mounted.err, "fsmount", "overlay");
  return Fd(static_cast<int>(mounted.value));
}

// By mount(2), which has room for some thousand descriptors' names, where fsconfig(2) has 256 bytes
// for a text. Requires: a mount namespace, and a working folder, of the thread's own.
absl::StatusOr<Fd> MountByNames(const MountOverlayRoot& op, OverlayDevices devices,
                                Writing writing) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd map, MapOf(op), "the id map of the layers");
  std::vector<Fd> layers;
  std::vector<std::string> names;
  PELAGOS_ASSIGN_OR_RETURN(const Fd upper, sys::OpenFile(op.upper, O_PATH | O_DIRECTORY));
  if (writing == Writing::kNo) names.push_back(NameOf(upper));
  for (const std::string& lower : op.lowers) {
    PELAGOS_ASSIGN_OR_RETURN(Fd layer, OpenLayer(lower, map, Naming::kPath), "a layer");
    names.push_back(NameOf(layer));
    layers.push_back(std::move(layer));
  }
  Fd work;
  if (writing == Writing::kYes) {
    PELAGOS_ASSIGN_OR_RETURN(work, sys::OpenFile(op.work, O_PATH | O_DIRECTORY));
  }
  PELAGOS_ASSIGN_OR_RETURN(const OverlayOptions options,
                           work.valid() ? MakeOverlayOptions(names, NameOf(upper), NameOf(work))
                                        : MakeOverlayOptions(names, "", ""));
  std::string text = options.options;
  if (!op.label.empty()) absl::StrAppend(&text, ",context=\"", op.label, "\"");
  if (op.user_xattrs) absl::StrAppend(&text, ",userxattr");
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) {
    return ErrnoStatus(errno, "chdir", options.folder);
  }
  const char* place = op.mount_point.c_str();
  const unsigned long flags =
      (devices == OverlayDevices::kNone ? MS_NODEV : 0) | (writing == Writing::kNo ? MS_RDONLY : 0);
  if (::mount("overlay", place, "overlay", flags, text.c_str()) != 0) {
    return ErrnoStatus(errno, "mount", "overlay");
  }
  return OpenTree(op.mount_point, false);
}

// In a mount namespace of its own, which is that of a thread: what it opens is ours. It is gone
// with the thread, and the overlay keeps the layers.
absl::StatusOr<Fd> MountAside(const MountOverlayRoot& op, OverlayDevices devices, Writing writing) {
  absl::StatusOr<Fd> tree;
  std::thread aside([&] {
    tree = [&]() -> absl::StatusOr<Fd> {
      if (::unshare(CLONE_NEWNS) != 0) return ErrnoStatus(errno, "unshare", "CLONE_NEWNS");
      if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return ErrnoStatus(errno, "mount", "making all mounts private");
      }
      return MountByNames(op, devices, writing);
    }();
  });
  aside.join();
  return tree;
}

absl::StatusOr<Fd> MountSomehow(const MountOverlayRoot& op, OverlayDevices devices,
                                Writing writing) {
  absl::StatusOr<Fd> tree = Mount(op, devices, writing);
  // Older kernels' overlayfs (before 6.13) takes no descriptors, and no layers that are mounted
  // nowhere.
  const int error = FindErrno(tree.status()).value_or(0);
  if (error == EOPNOTSUPP || error == EINVAL) tree = MountAside(op, devices, writing);
  return tree;
}

}  // namespace

absl::StatusOr<Fd> MountOverlayTree(const MountOverlayRoot& op, OverlayDevices devices) {
  return MountSomehow(op, devices, Writing::kYes);
}

absl::StatusOr<Fd> MountOverlayView(const MountOverlayRoot& op) {
  return MountSomehow(op, OverlayDevices::kNone, Writing::kNo);
}

}  // namespace pelagos::launch
