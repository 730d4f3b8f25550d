// Mounts, masks and the change of the root. Part of child_main.cc and of nothing else; its rules
// hold here.
#pragma once

#include <linux/mount.h>

#include "pelagos/launch/child_paths.h"

namespace pelagos::launch {

class ChildMounts : protected ChildPaths {
 protected:
  using ChildPaths::ChildPaths;

  static constexpr int kUmountDetach = 2;  // MNT_DETACH of <sys/mount.h>, which excludes this one

  void MountOn(int folder, const char* source, const char* type, uint64_t flags,
               const char* data) noexcept {
    Must(Call(SYS_fchdir, folder), Part::kTarget);
    Must(Call(SYS_mount, source, ".", type, flags, data));
  }

  void Attach(int tree, int target) noexcept {
    Must(Call(SYS_move_mount, tree, "", target, "",
              MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
  }

  int CloneTree(int fd, unsigned recursive) noexcept {
    return static_cast<int>(Must(Call(
        SYS_open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive)));
  }

  void SetReadOnly(int mount, unsigned recursive) noexcept {
    mount_attr attributes = {};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    Must(Call(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | recursive, &attributes,
              sizeof(attributes)));
  }

  void MountRoot(const ChildOp& op) noexcept {
    if (op.mount_root.folder != nullptr) Must(Call(SYS_chdir, op.mount_root.folder));
    Must(
        Call(SYS_mount, "overlay", op.mount_root.mount_point, "overlay", 0, op.mount_root.options));
    root_ = static_cast<int>(Must(Call(SYS_openat, AT_FDCWD, op.mount_root.mount_point,
                                       O_PATH | O_DIRECTORY | O_CLOEXEC, 0)));
  }

  void AttachRoot(const ChildOp& op) noexcept {
    const int target = static_cast<int>(Must(Call(SYS_openat, AT_FDCWD, op.attach_root.mount_point,
                                                  O_PATH | O_DIRECTORY | O_CLOEXEC, 0)));
    Attach(op.attach_root.tree, target);
    Close(target);
    root_ = op.attach_root.tree;
  }

  // pivot_root(2), "pivot_root(".", ".")": the old root lies on top of the new one until detached.
  void PivotRoot() noexcept {
    Must(Call(SYS_fchdir, root_));
    Must(Call(SYS_pivot_root, ".", "."));
    Must(Call(SYS_umount2, ".", kUmountDetach));
    Must(Call(SYS_chdir, "/"));
  }

  struct stat Stat(int fd, Part part) noexcept {
    struct stat info;
    Must(Call(SYS_newfstatat, fd, "", &info, AT_EMPTY_PATH), part);
    return info;
  }

  // The container's own null device; that it is one, and no file that an image put there, is
  // checked on the descriptor that is used.
  int OpenNull(uint64_t flags) noexcept {
    const int fd =
        static_cast<int>(Must(OpenIn("/dev/null", flags | O_NOFOLLOW), Part::kNullDevice));
    const struct stat info = Stat(fd, Part::kNullDevice);
    constexpr uint64_t kNull = (1 << 8) | 3;
    if (!S_ISCHR(info.st_mode) || info.st_rdev != kNull) Die(Part::kNullDevice, ENODEV);
    return fd;
  }

  void Mask(const char* target) noexcept {
    const Result found = OpenIn(target, O_PATH);
    if (found.err == ENOENT || found.err == ENOTDIR) return;
    const int fd = static_cast<int>(Must(found, Part::kTarget));
    if (S_ISDIR(Stat(fd, Part::kTarget).st_mode)) {
      MountOn(fd, "tmpfs", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k");
    } else {
      if (null_ < 0) null_ = OpenNull(O_PATH);
      const int tree = CloneTree(null_, 0);
      Attach(tree, fd);
      Close(tree);
    }
    Close(fd);
  }

  void MakeReadOnly(const char* target) noexcept {
    const Result found = OpenIn(target, O_PATH);
    if (found.err == ENOENT || found.err == ENOTDIR) return;
    const int fd = static_cast<int>(Must(found, Part::kTarget));
    const int tree = CloneTree(fd, AT_RECURSIVE);
    SetReadOnly(tree, AT_RECURSIVE);
    Attach(tree, fd);
    Close(tree);
    Close(fd);
  }

  int null_ = -1;
};

}  // namespace pelagos::launch
