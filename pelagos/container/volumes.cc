#include "pelagos/container/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/copy_tree.h"
#include "pelagos/launch/overlay_tree.h"
#include "pelagos/plan/op.h"
#include "pelagos/store/container.h"
#include "pelagos/store/volume.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/root_fd.h"

namespace pelagos::container {
namespace {

constexpr mode_t kModeBits = 07777;

absl::StatusOr<sys::RootFd> OpenImage(const ResolvedImage& image, bool in_user_namespace) {
  if (image.layers.size() == 1) return sys::RootFd::Open(image.layers[0]);
  MountOverlayRoot op;
  op.upper = image.layers[0];
  op.lowers.assign(image.layers.begin() + 1, image.layers.end());
  // Where older kernels mount it, in a mount namespace that nobody else is in.
  op.mount_point = sys::FolderOf(op.upper);
  op.user_xattrs = in_user_namespace;
  PELAGOS_ASSIGN_OR_RETURN(Fd tree, launch::MountOverlayView(op), "the image");
  return sys::RootFd(std::move(tree));
}

// Volumes have the ids of the inside, as layers do.
absl::Status Fill(const std::string& data, const std::string& target, const ResolvedImage& image,
                  bool in_user_namespace) {
  PELAGOS_ASSIGN_OR_RETURN(const sys::RootFd root, OpenImage(image, in_user_namespace));
  const absl::StatusOr<Fd> source = root.OpenIn(target, O_PATH | O_DIRECTORY);
  const int error = FindErrno(source.status()).value_or(0);
  // Nothing is there, or no folder: whoever mounts says so.
  if (error == ENOENT || error == ENOTDIR || error == ELOOP) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(source.status());
  PELAGOS_ASSIGN_OR_RETURN(const Fd folder,
                           sys::OpenFile(data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  CopyRules rules;
  rules.keep_owners = rules.privileges = true;
  TreeCopier copier(rules);
  PELAGOS_RETURN_IF_ERROR(copier.CopyContent(*source, folder));
  struct stat info = {};
  if (::fstat(source->get(), &info) != 0) return ErrnoStatus(errno, "fstat", target);
  if (::fchown(folder.get(), info.st_uid, info.st_gid) != 0) {
    return ErrnoStatus(errno, "fchown", data);
  }
  if (::fchmod(folder.get(), info.st_mode & kModeBits) != 0) {
    return ErrnoStatus(errno, "fchmod", data);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MountPlan> NameVolumes(MountPlan mounts, const ResolvedImage& image) {
  const auto is_taken = [&](const std::string& target) {
    return std::any_of(mounts.mounts().begin(), mounts.mounts().end(),
                       [&](const Mount& mount) { return CleanTarget(mount.target) == target; });
  };
  for (const std::string& volume : image.volumes) {
    if (const absl::string_view problem = TargetProblem(volume); !problem.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "image '", image.reference, "' wants a volume at '", volume, "', which ", problem));
    }
    Mount mount = {MountKind::kVolume, "", CleanTarget(volume), false};
    mount.options.own = true;
    if (!is_taken(mount.target)) mounts.push_back(std::move(mount));
  }
  for (Mount& mount : mounts.mounts()) {
    if (!mount.options.own || !mount.source.empty()) continue;
    PELAGOS_ASSIGN_OR_RETURN(mount.source, store::NewContainerId());
  }
  return mounts;
}

absl::Status EnsureVolumes(const Engine& engine, const std::string& id, const MountPlan& mounts,
                           const ResolvedImage& image, CopyUp copy_up) {
  for (const Mount& mount : mounts.mounts()) {
    if (mount.kind != MountKind::kVolume) continue;
    store::Volume volume;  // of no project: it stays until somebody removes it
    volume.name = mount.source;
    store::FillVolume fill;
    if (!mount.options.no_copy && mount.options.subpath.empty()) {
      fill = [&](const std::string& data) {
        return Fill(data, mount.target, image, engine.facts().in_user_namespace);
      };
    }
    PELAGOS_ASSIGN_OR_RETURN(const bool made, store::CreateVolume(engine.roots(), volume, fill),
                             "volume '", mount.source, "'");
    if (made) continue;
    if (copy_up == CopyUp::kEmpty && fill != nullptr) {
      PELAGOS_RETURN_IF_ERROR(store::FillIfEmpty(engine.roots(), mount.source, fill), "volume '",
                              mount.source, "'");
    }
    if (volume.anonymous() && !mount.options.own) {
      PELAGOS_RETURN_IF_ERROR(store::ShareVolume(engine.roots(), mount.source, id), "volume '",
                              mount.source, "'");
    }
  }
  return absl::OkStatus();
}

}  // namespace pelagos::container
