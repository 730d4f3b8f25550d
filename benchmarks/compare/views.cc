#include "benchmarks/compare/views.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"

namespace pelagos::benchmarks {
namespace {

// A copy of the mount namespace that we are in.
absl::Status Unshare() {
  if (::unshare(CLONE_NEWNS) != 0) return ErrnoStatus(errno, "unshare");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return ErrnoStatus(errno, "mount", "/");
  }
  return absl::OkStatus();
}

absl::StatusOr<Fd> ThisNamespace() { return sys::OpenFile("/proc/self/ns/mnt", O_RDONLY); }

absl::Status Unmount(const std::string& path) {
  if (::umount2(path.c_str(), MNT_DETACH) != 0) return ErrnoStatus(errno, "umount", path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Views> MakeViews(const std::string& scratch) {
  Views views = {{"none", {}, ""}, {"v1", {}, ""}, {"v2", {}, ""}};
  PELAGOS_RETURN_IF_ERROR(Unshare());
  if (::mount("tmpfs", scratch.c_str(), "tmpfs", 0, "mode=755") != 0) {
    return ErrnoStatus(errno, "mount", scratch);
  }
  PELAGOS_ASSIGN_OR_RETURN(sys::CgroupMounts mounts, sys::ReadCgroupMounts());
  if (!mounts.v2_mount.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(views.v2.mounts, ThisNamespace());
    views.v2.cgroups = mounts.v2_mount;
  }
  if (mounts.v1_mounts.count("devices") != 0) {
    if (!mounts.v2_mount.empty()) {
      PELAGOS_RETURN_IF_ERROR(Unshare());
      PELAGOS_RETURN_IF_ERROR(Unmount(mounts.v2_mount));
    }
    PELAGOS_ASSIGN_OR_RETURN(views.v1.mounts, ThisNamespace());
    views.v1.cgroups = mounts.v1_mounts["devices"];
  }
  PELAGOS_RETURN_IF_ERROR(Unshare());
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(mounts, sys::ReadCgroupMounts());
    const std::string& left = mounts.v2_mount.empty() && !mounts.v1_mounts.empty()
                                  ? mounts.v1_mounts.begin()->second
                                  : mounts.v2_mount;
    if (left.empty()) break;
    PELAGOS_RETURN_IF_ERROR(Unmount(left));
  }
  PELAGOS_ASSIGN_OR_RETURN(views.none.mounts, ThisNamespace());
  return views;
}

absl::Status Enter(const View& view) {
  if (::setns(view.mounts.get(), CLONE_NEWNS) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "setns", view.name);
}

}  // namespace pelagos::benchmarks
