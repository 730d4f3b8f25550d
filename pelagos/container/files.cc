#include "pelagos/container/files.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/claim.h"
#include "pelagos/container/peer.h"
#include "pelagos/launch/overlay_tree.h"
#include "pelagos/plan/op.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::container {
namespace {

// Whether the caller is in a user namespace, as ordinary users' commands are: overlayfs keeps its
// attributes elsewhere then, and maps no ids.
absl::StatusOr<bool> InUserNamespace() {
  PELAGOS_ASSIGN_OR_RETURN(const IdMap own, ReadIdMap("/proc/self/ns/user"));
  const IdMapRanges all = {{0, 0, kNoId}};
  return own.uids != all;
}

// How a container's ids are called where we are; empty: as they are called inside.
absl::StatusOr<IdMap> IdsOf(const Peer& peer) {
  PELAGOS_ASSIGN_OR_RETURN(IdMap ids, peer.ReadIds());
  const auto same = [](const IdMapRanges& ranges) {
    return std::all_of(ranges.begin(), ranges.end(),
                       [](const IdMapRange& range) { return range.inside == range.host; });
  };
  return same(ids.uids) && same(ids.gids) ? IdMap() : ids;
}

absl::StatusOr<MountOverlayRoot> OverlayOf(const LayerFolders& layers, const IdMap& ids) {
  PELAGOS_ASSIGN_OR_RETURN(const bool rootless, InUserNamespace());
  MountOverlayRoot op;
  op.lowers = layers.lowers;
  op.upper = layers.upper;
  op.work = layers.work;
  // Where older kernels mount it, in a mount namespace that nobody else is in.
  op.mount_point = sys::FolderOf(layers.upper);
  op.user_xattrs = rootless;
  if (rootless) return op;
  for (const IdMapRange& id : ids.uids) op.ids.uids.push_back({id.inside, id.host, id.count});
  for (const IdMapRange& id : ids.gids) op.ids.gids.push_back({id.inside, id.host, id.count});
  return op;
}

// A copy of the mount that is the root of `root`, without those below it. A mount can be copied
// only in its own namespace (open_tree(2)): a thread goes there.
absl::StatusOr<Fd> CopyOfMount(const sys::RootFd& root, const Fd& mount_namespace) {
  absl::StatusOr<Fd> copy;
  std::thread inside([&] {
    copy = [&]() -> absl::StatusOr<Fd> {
      // Only who shares no working folder with other threads may change it with the namespace.
      if (::unshare(CLONE_FS) != 0) return ErrnoStatus(errno, "unshare", "CLONE_FS");
      if (::setns(mount_namespace.get(), CLONE_NEWNS) != 0) return ErrnoStatus(errno, "setns");
      const sys::Result tree = sys::Call(SYS_open_tree, root.fd().get(), "",
                                         OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
      if (!tree.ok()) return ErrnoStatus(tree.err, "open_tree", "the container's root");
      return Fd(static_cast<int>(tree.value));
    }();
  });
  inside.join();
  return copy;
}

}  // namespace

absl::StatusOr<LayerFolders> LayersOf(const store::Roots& roots, const Found& found) {
  LayerFolders layers;
  layers.lowers = found.record.image.layers;
  const std::string folder =
      found.kind == Kind::kKept ? roots.KeptContainer(found.id) : roots.Container(found.id);
  layers.upper = absl::StrCat(folder, "/upper");
  layers.work = absl::StrCat(folder, "/work");
  if (!found.has_record || layers.lowers.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name, "': its layers are not known"));
  }
  return layers;
}

absl::Status MakeLayer(const LayerFolders& layers, const IdMap& ids) {
  for (const std::string& folder : {layers.upper, layers.work}) {
    if (::mkdir(folder.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      return ErrnoStatus(errno, "mkdir", folder);
    }
    const uint32_t uid = ids.empty() ? 0 : HostIdOf(ids.uids, 0).value_or(0);
    const uint32_t gid = ids.empty() ? 0 : HostIdOf(ids.gids, 0).value_or(0);
    if (::chown(folder.c_str(), uid, gid) != 0) return ErrnoStatus(errno, "chown", folder);
    if (::chmod(folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "chmod", folder);
  }
  return absl::OkStatus();
}

absl::StatusOr<ContainerFiles> ContainerFiles::Open(const store::Roots& roots, const Found& found,
                                                    FileUse use) {
  if (found.running()) {
    PELAGOS_ASSIGN_OR_RETURN(const Peer peer, Peer::Find(roots, found.id));
    PELAGOS_ASSIGN_OR_RETURN(sys::RootFd root, peer.OpenRoot());
    PELAGOS_ASSIGN_OR_RETURN(IdMap ids, IdsOf(peer));
    return ContainerFiles(std::move(root), std::move(ids), Fd());
  }
  PELAGOS_ASSIGN_OR_RETURN(const LayerFolders layers, LayersOf(roots, found));
  const ContainerSpec& spec = found.record.spec;
  if (use == FileUse::kWrite && spec.read_only) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name, "' has a read-only root"));
  }
  Fd claim;
  if (use == FileUse::kWrite) {
    PELAGOS_ASSIGN_OR_RETURN(claim, Claim(roots, found.id));
  }
  PELAGOS_RETURN_IF_ERROR(MakeLayer(layers, spec.ids));
  PELAGOS_ASSIGN_OR_RETURN(const MountOverlayRoot op, OverlayOf(layers, spec.ids));
  PELAGOS_ASSIGN_OR_RETURN(Fd tree,
                           use == FileUse::kWrite
                               ? launch::MountOverlayTree(op, launch::OverlayDevices::kNone)
                               : launch::MountOverlayView(op),
                           "the files of container '", found.name, "'");
  ContainerFiles files(sys::RootFd(std::move(tree)), spec.ids, std::move(claim));
  for (const Mount& mount : spec.mounts.mounts()) files.missing_mounts_.push_back(mount.target);
  return files;
}

absl::StatusOr<ContainerFiles> ContainerFiles::OpenBare(const store::Roots& roots,
                                                        const Found& found) {
  if (!found.running()) return Open(roots, found, FileUse::kRead);
  PELAGOS_ASSIGN_OR_RETURN(const Peer peer, Peer::Find(roots, found.id));
  PELAGOS_ASSIGN_OR_RETURN(const sys::RootFd root, peer.OpenRoot());
  PELAGOS_ASSIGN_OR_RETURN(const Fd mounts, peer.OpenNamespace(Namespace::kMount));
  PELAGOS_ASSIGN_OR_RETURN(Fd copy, CopyOfMount(root, mounts));
  PELAGOS_ASSIGN_OR_RETURN(IdMap ids, IdsOf(peer));
  return ContainerFiles(sys::RootFd(std::move(copy)), std::move(ids), Fd());
}

std::string ContainerFiles::MissingMount(absl::string_view path) const {
  for (const std::string& mount : missing_mounts_) {
    if (path == mount || absl::StartsWith(path, absl::StrCat(mount, "/"))) return mount;
  }
  return "";
}

}  // namespace pelagos::container
