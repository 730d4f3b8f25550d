// Mounts and masks. Part of child_main.cc and of nothing else; its rules
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
    standing_on_ = Ground::kNone;
    Must(Call(SYS_mount, source, ".", type, flags, data));
  }

  // The working folder is only ever changed by what is in here and by ChangeFolder, which comes
  // later than all grounds.
  void StandOn(Ground ground) noexcept {
    if (standing_on_ == ground) return;
    Must(Call(SYS_fchdir, FdOf(ground)), Part::kTarget);
    standing_on_ = ground;
  }
  int FdOf(Ground ground) const noexcept { return grounds_[static_cast<int>(ground)]; }

  // fsopen(2), fsmount(2): the descriptor is the mount's own, whatever becomes of the path.
  void MountGround(const ChildOp& op) noexcept {
    const auto& mount = op.mount_ground;
    const int context = static_cast<int>(Must(Call(SYS_fsopen, mount.type, FSOPEN_CLOEXEC)));
    Must(Call(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", mount.source, 0));
    for (size_t i = 0; i < mount.option_count; ++i) {
      const ChildOption& option = mount.options[i];
      Must(Call(SYS_fsconfig, context,
                option.value != nullptr ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option.key,
                option.value, 0));
    }
    Must(Call(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    const int tree =
        Own(static_cast<int>(Must(Call(SYS_fsmount, context, FSMOUNT_CLOEXEC, mount.attributes))));
    Close(context);
    // move_mount(2) does not follow a link at the end of its path.
    if (!Call(SYS_move_mount, tree, "", root_, op.below, MOVE_MOUNT_F_EMPTY_PATH).ok()) {
      links_ = false;
      const int target = OpenOrMake(mount.target, true, 0755, nullptr);
      links_ = true;
      Attach(tree, target);
      Close(target);
    }
    grounds_[static_cast<int>(op.ground)] = tree;
  }

  void Mount(const ChildOp& op) noexcept {
    const auto& mount = op.mount;
    if (op.below == nullptr) {
      links_ = mount.links;
      if (mount.copy_up || mount.keep_mode) {
        MountOver(op);
        links_ = true;
        return;
      }
      const int target = OpenOrMake(mount.target, true, 0755, nullptr);
      links_ = true;
      MountOn(target, mount.source, mount.type, mount.flags, mount.data);
      return Close(target);
    }
    StandOn(op.ground);
    if (op.ground == Ground::kDev) {
      const Result made = Call(SYS_mkdirat, AT_FDCWD, op.below, 0755);
      if (made.err != EEXIST) Must(made, Part::kMakeTarget);
    }
    Must(Call(SYS_mount, mount.source, op.below, mount.type, mount.flags, mount.data));
  }

  void Attach(int tree, int target) noexcept {
    Must(Call(SYS_move_mount, tree, "", target, "",
              MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
  }

  int CloneTree(int fd, unsigned recursive) noexcept {
    return static_cast<int>(Must(Call(
        SYS_open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive)));
  }

  void Bind(const ChildOp& op) noexcept {
    const auto& bind = op.bind;
    const Result there =
        bind.copy_up ? OpenIn(bind.target, O_RDONLY | O_DIRECTORY) : Result{-1, ENOENT};
    const int target =
        OpenOrMake(bind.target, bind.is_folder, bind.is_folder ? 0755 : 0644, nullptr);
    Attach(bind.tree, target);
    Close(target);
    if (bind.is_root) root_ = bind.tree;
    if (!there.ok()) return;
    const Result mounted = Call(SYS_openat, bind.tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    CopyInto(static_cast<int>(there.value), static_cast<int>(Must(mounted, Part::kCopy)));
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
    root_ = Own(static_cast<int>(Must(Call(SYS_openat, AT_FDCWD, op.mount_root.mount_point,
                                           O_PATH | O_DIRECTORY | O_CLOEXEC, 0))));
  }

  void AttachRoot(const ChildOp& op) noexcept {
    root_ = op.attach_root.tree;
    const char* place = root_ < 0 ? "." : op.attach_root.mount_point;
    const int target = static_cast<int>(
        Must(Call(SYS_openat, AT_FDCWD, place, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)));
    // What the process between has attached is locked in its place, its copy is not; the flags of
    // both are.
    if (root_ < 0) root_ = Own(CloneTree(target, AT_RECURSIVE));
    Attach(root_, target);
    Close(target);
  }

  void MakeDevices(const ChildOp& op) noexcept {
    const char* in = nullptr;
    int folder = -1;
    for (item_ = 0; item_ < op.devices.count; ++item_) {
      const ChildDevice& node = op.devices.nodes[item_];
      if (node.folder != in) {
        if (folder >= 0) Close(folder);
        folder = OpenOrMake(node.folder, true, 0755, nullptr);
        in = node.folder;
      }
      Must(Call(SYS_mknodat, folder, node.name, node.mode, node.device), Part::kItem);
      if (node.uid == 0 && node.gid == 0) continue;
      Must(Call(SYS_fchownat, folder, node.name, node.uid, node.gid, AT_SYMLINK_NOFOLLOW),
           Part::kItem);
    }
    if (folder >= 0) Close(folder);
    item_ = 0;
  }

  struct stat Stat(int fd, Part part) noexcept {
    struct stat info;
    Must(Call(SYS_newfstatat, fd, "", &info, AT_EMPTY_PATH), part);
    return info;
  }

  // The container's own null device; that it is one, and no file that an image put there, is
  // checked on the descriptor that is used.
  int OpenNull(uint64_t flags) noexcept {
    if (FdOf(Ground::kDev) >= 0) {
      return static_cast<int>(
          Must(Call(SYS_openat, FdOf(Ground::kDev), "null", flags | O_NOFOLLOW | O_CLOEXEC, 0),
               Part::kNullDevice));
    }
    const int fd =
        static_cast<int>(Must(OpenIn("/dev/null", flags | O_NOFOLLOW), Part::kNullDevice));
    const struct stat info = Stat(fd, Part::kNullDevice);
    constexpr uint64_t kNull = (1 << 8) | 3;
    if (!S_ISCHR(info.st_mode) || info.st_rdev != kNull) Die(Part::kNullDevice, ENODEV);
    return fd;
  }

  static constexpr uint64_t kInert = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

  // A null device that is not mounted anywhere yet.
  int SpareNull() noexcept {
    if (spare_null_ >= 0) return spare_null_;
    if (FdOf(Ground::kDev) >= 0) {
      // Ours: it was made, or checked, as a step of this plan.
      spare_null_ = static_cast<int>(
          Must(Call(SYS_open_tree, FdOf(Ground::kDev), "null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC),
               Part::kNullDevice));
    } else {
      if (null_ < 0) null_ = Own(OpenNull(O_PATH));
      spare_null_ = CloneTree(null_, 0);
    }
    return Own(spare_null_);
  }
  void UseSpareNull() noexcept {
    Disown(spare_null_);
    spare_null_ = -1;
  }

  void MaskOnGround(const ChildOp& op) noexcept {
    if (op.path.is_folder) {
      StandOn(op.ground);
      const Result covered = Call(SYS_mount, "tmpfs", op.below, "tmpfs", kInert, "size=4k");
      if (covered.ok() || covered.err == ENOENT) return;
      if (covered.err != ENOTDIR) Must(covered);
    }
    const Result masked =
        Call(SYS_move_mount, SpareNull(), "", FdOf(op.ground), op.below, MOVE_MOUNT_F_EMPTY_PATH);
    if (masked.ok()) return UseSpareNull();
    if (masked.err == ENOENT || masked.err == ENOTDIR) return;
    if (masked.err != EINVAL) Must(masked);
    StandOn(op.ground);  // a folder
    Must(Call(SYS_mount, "tmpfs", op.below, "tmpfs", kInert, "size=4k"));
  }

  void Mask(const ChildOp& op) noexcept {
    if (op.below != nullptr) return MaskOnGround(op);
    const Result found = OpenIn(op.path.target, O_PATH);
    if (found.err == ENOENT || found.err == ENOTDIR) return;
    const int fd = static_cast<int>(Must(found, Part::kTarget));
    if (S_ISDIR(Stat(fd, Part::kTarget).st_mode)) {
      MountOn(fd, "tmpfs", "tmpfs", kInert, "size=4k");
    } else {
      Attach(SpareNull(), fd);
      UseSpareNull();
    }
    Close(fd);
  }

  void ReadOnlyOnGround(const ChildOp& op) noexcept {
    StandOn(op.ground);
    const Result bound = Call(SYS_mount, op.below, op.below, nullptr, MS_BIND | MS_REC, nullptr);
    if (bound.err == ENOENT || bound.err == ENOTDIR) return;
    Must(bound);
    mount_attr attributes = {};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    Must(
        Call(SYS_mount_setattr, AT_FDCWD, op.below, AT_RECURSIVE, &attributes, sizeof(attributes)));
  }

  void MakeReadOnly(const ChildOp& op) noexcept {
    if (op.below != nullptr) return ReadOnlyOnGround(op);
    const Result found = OpenIn(op.path.target, O_PATH);
    if (found.err == ENOENT || found.err == ENOTDIR) return;
    const int fd = static_cast<int>(Must(found, Part::kTarget));
    const int tree = CloneTree(fd, AT_RECURSIVE);
    SetReadOnly(tree, AT_RECURSIVE);
    Attach(tree, fd);
    Close(tree);
    Close(fd);
  }

  void ChangeMount(const ChildOp& op) noexcept {
    const int mount = Open(op.change_mount.target, O_PATH);
    for (size_t i = 0; i < op.change_mount.change_count; ++i) {
      const ChildMountChange& change = op.change_mount.changes[i];
      mount_attr attributes = {};
      attributes.attr_set = change.set;
      attributes.attr_clr = change.clear;
      attributes.propagation = change.propagation;
      Must(Call(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | (change.recursive ? AT_RECURSIVE : 0),
                &attributes, sizeof(attributes)));
    }
    CloseNow(mount);
  }

  // A mount that takes something over from the folder that it hides.
  void MountOver(const ChildOp& op) noexcept {
    const Result there = OpenIn(op.mount.target, O_RDONLY | O_DIRECTORY);
    const int target = OpenOrMake(op.mount.target, true, 0755, nullptr);
    MountOn(target, op.mount.source, op.mount.type, op.mount.flags, op.mount.data);
    CloseNow(target);
    if (!there.ok()) return;
    const int hidden = static_cast<int>(there.value);
    const int mounted = Open(op.mount.target, O_RDONLY | O_DIRECTORY);
    if (op.mount.keep_mode) {
      constexpr uint32_t kPermissions = 07777;
      Must(Call(SYS_fchmod, mounted, Stat(hidden, Part::kTarget).st_mode & kPermissions));
    }
    if (op.mount.copy_up) return CopyInto(hidden, mounted);
    CloseNow(hidden);
    CloseNow(mounted);
  }

  // What is in the folder `from`, into the empty folder `to`; both are closed. Owners, modes and
  // links are kept; devices, sockets and attributes are not. Folders below other mounts are copied
  // as they show.
  void CopyInto(int from, int to) noexcept {
    const struct stat own = Stat(from, Part::kCopy);
    Must(Call(SYS_fchown, to, own.st_uid, own.st_gid), Part::kCopy);
    CopyFolder(from, to, 0);
  }

  void CopyFolder(int from, int to, int depth) noexcept {
    constexpr int kMostDepth = 64;
    if (depth > kMostDepth) Die(Part::kCopy, ELOOP);
    alignas(8) char buffer[2048];
    for (;;) {
      const long size = Must(Call(SYS_getdents64, from, buffer, sizeof(buffer)), Part::kCopy);
      if (size == 0) break;
      for (long at = 0; at < size;) {
        // struct linux_dirent64: inode, offset, uint16 length, type, name
        constexpr int kLength = 16, kName = 19;
        const char* name = buffer + at + kName;
        at += *reinterpret_cast<const uint16_t*>(buffer + at + kLength);
        const bool dots =
            name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
        if (!dots) CopyEntry(from, to, name, depth);
      }
    }
    CloseNow(from);
    CloseNow(to);
  }

  void CopyEntry(int from, int to, const char* name, int depth) noexcept {
    struct stat info;
    Must(Call(SYS_newfstatat, from, name, &info, AT_SYMLINK_NOFOLLOW), Part::kCopy);
    constexpr uint32_t kPermissions = 07777;
    const uint32_t mode = info.st_mode & kPermissions;
    if (S_ISLNK(info.st_mode)) {
      char text[kPathMax];
      const long size = Must(Call(SYS_readlinkat, from, name, text, kPathMax - 1), Part::kCopy);
      text[size] = '\0';
      Must(Call(SYS_symlinkat, text, to, name), Part::kCopy);
    } else if (S_ISDIR(info.st_mode)) {
      Must(Call(SYS_mkdirat, to, name, 0700), Part::kCopy);
    } else if (S_ISREG(info.st_mode)) {
      CopyFile(from, to, name);
    } else if (S_ISFIFO(info.st_mode)) {
      Must(Call(SYS_mknodat, to, name, S_IFIFO | mode, 0), Part::kCopy);
    } else {
      return;
    }
    Must(Call(SYS_fchownat, to, name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW), Part::kCopy);
    // After the owner, whose change takes the set-id bits away.
    if (!S_ISLNK(info.st_mode)) Must(Call(SYS_fchmodat, to, name, mode), Part::kCopy);
    if (!S_ISDIR(info.st_mode)) return;
    constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    const int below = static_cast<int>(Must(Call(SYS_openat, from, name, kFolder, 0), Part::kCopy));
    CopyFolder(below, static_cast<int>(Must(Call(SYS_openat, to, name, kFolder, 0), Part::kCopy)),
               depth + 1);
  }

  void CopyFile(int from, int to, const char* name) noexcept {
    const int source = static_cast<int>(
        Must(Call(SYS_openat, from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0), Part::kCopy));
    const int copy = static_cast<int>(Must(
        Call(SYS_openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), Part::kCopy));
    constexpr size_t kMost = 1 << 30;
    while (Must(Call(SYS_sendfile, copy, source, nullptr, kMost), Part::kCopy) > 0) {
    }
    CloseNow(source);
    CloseNow(copy);
  }

  int grounds_[kGrounds] = {-1, -1, -1, -1};
  Ground standing_on_ = Ground::kNone;
  int null_ = -1;
  int spare_null_ = -1;
};

}  // namespace pelagos::launch
