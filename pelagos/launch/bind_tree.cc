#include "pelagos/launch/bind_tree.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/mount_changes.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"
#include "pelagos/sys/root_fd.h"
#include "pelagos/sys/user_namespace.h"

namespace pelagos::launch {
namespace {

constexpr size_t kLargestMountinfo = 64 << 20;

unsigned Below(bool recursive) { return recursive ? AT_RECURSIVE : 0; }

absl::StatusOr<Fd> Clone(int folder, const std::string& path, unsigned flags,
                         const std::string& name) {
  const sys::Result opened =
      sys::Call(SYS_open_tree, folder, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
  if (!opened.ok()) return ErrnoStatus(opened.err, "open_tree", name);
  return Fd(static_cast<int>(opened.value));
}

absl::Status SetAttributes(const Fd& tree, const mount_attr& attributes, bool recursive,
                           const std::string& name) {
  const sys::Result set =
      sys::Call(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | Below(recursive), &attributes,
                sizeof(attributes));
  return set.ok() ? absl::OkStatus() : ErrnoStatus(set.err, "mount_setattr", name);
}

// The mount that `path` lies on, as its line of proc_pid_mountinfo(5).
struct HostMount {
  std::string point, type;
  bool shared = false, slave = false;
};

absl::StatusOr<HostMount> FindHostMount(const std::string& path) {
  struct statx info = {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &info) != 0) {
    return ErrnoStatus(errno, "statx", path);
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           sys::ReadFile("/proc/self/mountinfo", kLargestMountinfo));
  const std::string id = absl::StrCat(info.stx_mnt_id);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    constexpr size_t kPoint = 4, kOptional = 6;
    if (fields.size() <= kOptional || fields[0] != id) continue;
    HostMount mount;
    mount.point = std::string(fields[kPoint]);
    size_t i = kOptional;
    for (; i < fields.size() && fields[i] != "-"; ++i) {
      mount.shared = mount.shared || fields[i].substr(0, 7) == "shared:";
      mount.slave = mount.slave || fields[i].substr(0, 7) == "master:";
    }
    if (i + 1 < fields.size()) mount.type = std::string(fields[i + 1]);
    return mount;
  }
  return absl::NotFoundError(absl::StrCat("the mount of '", path, "' is not in mountinfo"));
}

absl::Status CheckPropagation(const BindMount& op) {
  PELAGOS_ASSIGN_OR_RETURN(const HostMount mount, FindHostMount(op.source));
  const bool passes =
      op.propagation == Propagation::kShared ? mount.shared : mount.shared || mount.slave;
  if (passes) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("'", op.source, "' lies on the host's mount '", mount.point, "', which is not ",
                   op.propagation == Propagation::kShared ? "shared" : "shared or slave",
                   ": nothing would propagate; see mount(8), --make-shared"));
}

std::string MapText(const std::vector<IdMapping>& ids) {
  std::string text;
  for (const IdMapping& id : ids) {
    absl::StrAppend(&text, id.files, " ", id.shown, " ", id.count, "\n");
  }
  return text;
}

absl::StatusOr<Fd> OpenSource(const BindMount& op) {
  const unsigned below = Below(op.recursive);
  if (!op.subpath.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(const sys::RootFd root, sys::RootFd::Open(op.source));
    PELAGOS_ASSIGN_OR_RETURN(const Fd within, root.OpenIn(op.subpath, O_PATH), "below '", op.source,
                             "'");
    return Clone(within.get(), "", AT_EMPTY_PATH | below, op.subpath);
  }
  absl::StatusOr<Fd> tree = Clone(AT_FDCWD, op.source, below, op.source);
  if (tree.ok() || !op.make_source || FindErrno(tree.status()) != ENOENT) return tree;
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(op.source, 0755), "the source of a bind mount");
  return Clone(AT_FDCWD, op.source, below, op.source);
}

absl::Status MapAsAsked(const Fd& tree, const BindMount& op) {
  if (op.ids.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const Fd map, MakeIdMap(op.ids), "the id map of '", op.source, "'");
  return MapIds(tree, map, op.ids_below, op.source);
}

absl::Status ChangeAsAsked(const Fd& tree, const BindMount& op) {
  PELAGOS_RETURN_IF_ERROR(MapAsAsked(tree, op));
  for (const ChildMountChange& change : MountChanges(*op.attributes)) {
    mount_attr attributes = {};
    attributes.attr_set = change.set;
    attributes.attr_clr = change.clear;
    attributes.propagation = change.propagation;
    PELAGOS_RETURN_IF_ERROR(SetAttributes(tree, attributes, change.recursive, op.source));
  }
  return absl::OkStatus();
}

uint64_t PropagationFlag(Propagation propagation) {
  switch (propagation) {
    case Propagation::kSlave:
      return MS_SLAVE;
    case Propagation::kShared:
      return MS_SHARED;
    case Propagation::kPrivate:
      break;
  }
  return MS_PRIVATE;
}

}  // namespace

absl::StatusOr<Fd> MakeIdMap(const MountIdMap& ids) {
  return sys::MakeUserNamespace(MapText(ids.uids), MapText(ids.gids));
}

absl::Status MapIds(const Fd& tree, const Fd& map, bool below, const std::string& source) {
  mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<uint64_t>(map.get());
  absl::Status set = SetAttributes(tree, attributes, below, source);
  if (set.ok() || (FindErrno(set) != EINVAL && FindErrno(set) != EPERM)) return set;
  const absl::StatusOr<HostMount> mount = FindHostMount(source);
  return absl::FailedPreconditionError(absl::StrCat(
      "'", source, "': this kernel cannot map the ids of its file system",
      mount.ok() ? absl::StrCat(" (", mount->type, ")") : "",
      FindErrno(set) == EPERM ? " for this user" : "", ", or they are mapped already"));
}

absl::StatusOr<Fd> OpenTree(const std::string& path, bool recursive) {
  PELAGOS_ASSIGN_OR_RETURN(Fd tree, Clone(AT_FDCWD, path, Below(recursive), path));
  mount_attr attributes = {};
  attributes.propagation = MS_PRIVATE;
  PELAGOS_RETURN_IF_ERROR(SetAttributes(tree, attributes, recursive, path));
  return tree;
}

absl::StatusOr<Fd> OpenBindTree(const BindMount& op) {
  PELAGOS_ASSIGN_OR_RETURN(Fd tree, OpenSource(op));
  if (op.attributes) {
    // A copy of a shared mount is shared with it until it is said otherwise.
    PELAGOS_RETURN_IF_ERROR(ChangeAsAsked(tree, op));
    return tree;
  }
  // Nothing is ever mounted on or below a file that only we know: nothing propagates to it.
  if (op.is_file && op.flags == 0 && !op.read_only) return tree;
  if (op.propagation != Propagation::kPrivate) PELAGOS_RETURN_IF_ERROR(CheckPropagation(op));
  mount_attr attributes = {};
  attributes.propagation = PropagationFlag(op.propagation);
  attributes.attr_set = ((op.flags & kMountNoSuid) != 0 ? MOUNT_ATTR_NOSUID : 0) |
                        ((op.flags & kMountNoDev) != 0 ? MOUNT_ATTR_NODEV : 0) |
                        ((op.flags & kMountNoExec) != 0 ? MOUNT_ATTR_NOEXEC : 0);
  const bool top_alone = op.read_only && op.recursive && !op.read_only_below;
  if (op.read_only && !top_alone) attributes.attr_set |= MOUNT_ATTR_RDONLY;
  PELAGOS_RETURN_IF_ERROR(SetAttributes(tree, attributes, op.recursive, op.source));
  if (top_alone) {
    mount_attr read_only = {};
    read_only.attr_set = MOUNT_ATTR_RDONLY;
    PELAGOS_RETURN_IF_ERROR(SetAttributes(tree, read_only, false, op.source));
  }
  PELAGOS_RETURN_IF_ERROR(MapAsAsked(tree, op));
  return tree;
}

}  // namespace pelagos::launch
