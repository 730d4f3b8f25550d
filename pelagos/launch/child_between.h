// A process between the launcher and the container's first one, where there must be one: to join
// namespaces before the container's user namespace begins, to choose the clocks of a time
// namespace, and to mount the root where what it is not allowed (nodev) is locked for whoever comes
// after. Part of child_main.cc and of nothing else; its rules hold here.
//
//   launcher --clone3--> between --clone3(CLONE_PARENT)--> the container's first process
//        ^  \_______________|________________________________/ both are children of the launcher
//        '--- kCloned + pidfd, then it ends
//
// Source: clone(2), user_namespaces(7), time_namespaces(7), mount_namespaces(7) ("Restrictions").
#pragma once

#include <linux/sched.h>
#include <sched.h>

#include "pelagos/launch/child_program.h"

namespace pelagos::launch {

class ChildBetween : protected ChildProgram {
 protected:
  using ChildProgram::ChildProgram;

  // Before the first namespace is joined: after a user namespace there is no right to it.
  void PrepareBetween() noexcept {
    const auto& between = plan_.between;
    if (between.time_offsets != nullptr) SetClocks();
    if (between.root_tree >= 0) {
      Must(Call(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), Part::kBetween);
      const int target = static_cast<int>(
          Must(Call(SYS_openat, AT_FDCWD, between.mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC, 0),
               Part::kBetween));
      Must(Call(SYS_move_mount, between.root_tree, "", target, "",
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
           Part::kBetween);
      // So the container's first process finds it whoever owns the folders that lead there: the
      // working directory is the same one in its mount namespace.
      Must(Call(SYS_fchdir, between.root_tree), Part::kBetween);
      Close(between.root_tree);
      Close(target);
    }
  }

  // Returns in the container's first process. All namespaces that are to be joined are joined.
  void GoBetween() noexcept {
    const auto& between = plan_.between;
    int pidfd = -1;
    clone_args args = {};
    args.flags = between.clone_flags | CLONE_PARENT | CLONE_PIDFD;
    args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
    const Result cloned = Call(SYS_clone3, &args, sizeof(args));
    if (cloned.ok() && cloned.value == 0) {
      FollowParentIntoDeath();
      // user_namespaces(7): without maps no id of ours means anything.
      if (between.await_maps) {
        char byte;
        if (Must(Call(SYS_read, channel_, &byte, 1), Part::kBetween) != 1) Exit();
      }
      return;
    }
    Must(cloned, Part::kClone);
    Send(ReportKind::kCloned, static_cast<int32_t>(cloned.value), pidfd);
    (void)Call(SYS_exit_group, 0);
    __builtin_trap();
  }

 private:
  // A time namespace is for the processes to come, and its clocks stand still to be set only until
  // the first of them is there.
  void SetClocks() noexcept {
    Must(Call(SYS_unshare, CLONE_NEWTIME), Part::kClocks);
    const int fd = static_cast<int>(
        Must(Call(SYS_openat, AT_FDCWD, "/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC, 0),
             Part::kClocks));
    Must(Call(SYS_write, fd, plan_.between.time_offsets, plan_.between.time_size), Part::kClocks);
    Close(fd);
  }
};

}  // namespace pelagos::launch
