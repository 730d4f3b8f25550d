// The change of the root. Part of child_main.cc and of nothing else; its rules hold here.
#pragma once

#include "pelagos/launch/child_mounts.h"

namespace pelagos::launch {

class ChildRoot : protected ChildMounts {
 protected:
  using ChildMounts::ChildMounts;

  // pivot_root(2), "pivot_root(".", ".")": the old root lies on top of the new one until detached.
  // The working folder is the new root then.
  void PivotRoot() noexcept {
    Must(Call(SYS_fchdir, root_));
    standing_on_ = Ground::kNone;
    Must(Call(SYS_pivot_root, ".", "."));
    Must(Call(SYS_umount2, ".", kUmountDetach));
  }

  // mount(2), MS_MOVE. The old root's other mounts stay, hidden, until the namespace is gone; /proc
  // and /sys of it are detached as far as they are mounts of their own.
  void MoveRoot() noexcept {
    (void)Call(SYS_umount2, "/proc", kUmountDetach);
    (void)Call(SYS_umount2, "/sys", kUmountDetach);
    Must(Call(SYS_fchdir, root_));
    Must(Call(SYS_mount, ".", "/", nullptr, MS_MOVE, nullptr));
    Must(Call(SYS_chroot, "."));
    Must(Call(SYS_chdir, "/"));
  }

  // 0: the kernel does not say (before Linux 5.8).
  uint64_t MountOf(int fd) noexcept {
    struct statx info = {};
    Must(Call(SYS_statx, fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &info));
    return (info.stx_mask & STATX_MNT_ID) != 0 ? info.stx_mnt_id : 0;
  }

  void EnterRoot(const ChildOp& op) noexcept {
    root_ = Own(static_cast<int>(
        Must(Call(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0))));
    const int other = op.enter_root.root;
    if (other < 0) return;
    if (op.enter_root.if_other_mount && MountOf(root_) == MountOf(other)) return;
    root_ = other;
    ChangeRoot();
  }

  // chroot(2) alone: the mount namespace is shared with others, whose root stays.
  void ChangeRoot() noexcept {
    Must(Call(SYS_fchdir, root_));
    standing_on_ = Ground::kNone;
    Must(Call(SYS_chroot, "."));
    Must(Call(SYS_chdir, "/"));
  }
};

}  // namespace pelagos::launch
