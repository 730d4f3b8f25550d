// Ids, capabilities, limits and labels. Part of child_main.cc and of nothing else; its rules hold
// here.
#pragma once

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "pelagos/abi/landlock.h"
#include "pelagos/launch/child_root.h"

namespace pelagos::launch {

class ChildRights : protected ChildRoot {
 protected:
  using ChildRoot::ChildRoot;

  // user_namespaces(7): until now we were the caller, who is nobody here. The groups are the
  // caller's until SetUser.
  void BecomeRoot(const ChildOp& op) noexcept {
    const auto& user = op.user;
    Must(Call(SYS_setresgid, user.gid, user.gid, user.gid), Part::kRights);
    Must(Call(SYS_setresuid, user.uid, user.uid, user.uid), Part::kRights);
    FollowParentIntoDeath();
  }

  // The kernel forgets the parent-death signal when ids change (prctl(2)).
  void SetUser(const ChildOp& op) noexcept {
    const auto& user = op.user;
    if (!user.set_ids) {
      if (user.set_groups) {
        Must(Call(SYS_setgroups, user.group_count, user.groups), Part::kRights);
      }
      return;
    }
    Must(Call(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0), Part::kRights);
    if (user.set_groups) {
      Must(Call(SYS_setgroups, user.group_count, user.groups), Part::kRights);
    }
    Must(Call(SYS_setresgid, user.gid, user.gid, user.gid), Part::kRights);
    Must(Call(SYS_setresuid, user.uid, user.uid, user.uid), Part::kRights);
    FollowParentIntoDeath();
  }

  // Who is root of the container may look for it, so that `exec` can join it by its name. A kernel
  // without keys has nothing to keep apart.
  void JoinKeyring(const ChildOp& op) noexcept {
    const Result joined = Call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, op.hostname.name);
    if (joined.err == ENOSYS) return;
    const long keyring = Must(joined);
    constexpr unsigned kPossessor = 0x3f000000;  // all
    constexpr unsigned kUser = 0x001b0000;       // view, read, search, link
    Must(Call(SYS_keyctl, KEYCTL_SETPERM, keyring, kPossessor | kUser));
  }

  // capabilities(7). What we ourselves lack, nobody can keep.
  void LimitCapabilities(const ChildOp& op) noexcept {
    // ptrace(2): with fewer capabilities we would be within reach of whoever is in a pid namespace
    // that we joined, with our descriptors and, as /proc/PID/exe, the runtime's binary
    // (CVE-2016-9962, CVE-2019-5736). execve(2) makes it dumpable again.
    Must(Call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0), Part::kRights);
    const auto& sets = op.capabilities;
    const uint64_t keep = sets.keep;
    const uint64_t permitted = sets.permitted_before;
    // Effective again after a change of ids: dropping from the bounding set needs CAP_SETPCAP.
    if (!sets.effective_before) SetCapabilities(permitted, permitted, 0);
    constexpr unsigned kWords = 64;
    for (unsigned cap = 0; cap < kWords; ++cap) {
      if (((sets.bounding & ~keep) >> cap & 1) == 0) continue;
      Must(Call(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0), Part::kRights);
    }
    if (!sets.exact) {
      // Nothing is inheritable: files with inheritable capabilities would win back what was
      // dropped.
      const uint64_t own = sets.is_root ? permitted & keep : 0;
      return SetCapabilities(own, own, 0);
    }
    SetCapabilities(sets.permitted & permitted, sets.effective & permitted,
                    sets.inheritable & permitted);
    for (unsigned cap = 0; cap < kWords; ++cap) {
      if ((sets.ambient & permitted) >> cap & 1) {
        Must(Call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0), Part::kRights);
      }
    }
  }

  void SetCapabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable) noexcept {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    constexpr int kHigh = 32;
    const auto low = [](uint64_t set) { return static_cast<uint32_t>(set); };
    const auto high = [](uint64_t set) { return static_cast<uint32_t>(set >> kHigh); };
    const __user_cap_data_struct words[2] = {{low(effective), low(permitted), low(inheritable)},
                                             {high(effective), high(permitted), high(inheritable)}};
    Must(Call(SYS_capset, &header, words), Part::kRights);
  }

  // The host's own /proc: the root is not mounted yet; or a descriptor of it, since a process that
  // joined a mount namespace sees what its owner put there.
  void WriteProc(const ChildOp& op) noexcept {
    const auto& write = op.write_proc;
    Result opened = Call(SYS_openat, write.folder, write.path, O_WRONLY | O_CLOEXEC, 0);
    if (opened.err == ENOENT && write.fallback != nullptr) {
      opened = Call(SYS_openat, write.folder, write.fallback, O_WRONLY | O_CLOEXEC, 0);
    }
    const int fd = static_cast<int>(Must(opened, Part::kTarget));
    Must(Call(SYS_write, fd, write.text, write.size));
    Close(fd);
  }

  // What is written to must be the kernel's setting, and no file that an image or a mount put in
  // its place: nothing below proc's `sys` may be a link or another file system.
  void WriteSysctl(const ChildOp& op) noexcept {
    if (sysctls_ < 0) {
      sysctls_ = Own(Open("/proc/sys", O_PATH | O_DIRECTORY));
      struct statfs info;
      Must(Call(SYS_fstatfs, sysctls_, &info), Part::kTarget);
      if (info.f_type != PROC_SUPER_MAGIC) Die(Part::kProc, ENODEV);
    }
    open_how how = {};
    how.flags = O_WRONLY | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    const int fd = static_cast<int>(
        Must(Call(SYS_openat2, sysctls_, op.sysctl.path, &how, sizeof(how)), Part::kTarget));
    Must(Call(SYS_write, fd, op.sysctl.text, op.sysctl.size));
    Close(fd);
  }

  void SetRlimit(const ChildOp& op) noexcept {
    const uint64_t pair[] = {op.rlimit.soft, op.rlimit.hard};
    Must(Call(SYS_prlimit64, 0, op.rlimit.limit, pair, nullptr));
  }

  // Without no_new_privs this needs CAP_SYS_ADMIN, which we still have.
  void RestrictPaths(const ChildOp& op) noexcept {
    const auto& landlock = op.landlock;
    const int ruleset = static_cast<int>(
        Must(Call(SYS_landlock_create_ruleset, &landlock.handled, sizeof(landlock.handled), 0)));
    for (item_ = 0; item_ < landlock.rule_count; ++item_) {
      const ChildPathRule& rule = landlock.rules[item_];
      const int path = static_cast<int>(Must(OpenIn(rule.path, O_PATH), Part::kItem));
      landlock_path_beneath_attr beneath = {};
      beneath.allowed_access = rule.rights & landlock.handled;
      if (!S_ISDIR(Stat(path, Part::kItem).st_mode)) beneath.allowed_access &= kLandlockOfFiles;
      beneath.parent_fd = path;
      if (beneath.allowed_access != 0) {
        Must(Call(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0),
             Part::kItem);
      }
      Close(path);
    }
    item_ = 0;
    Must(Call(SYS_landlock_restrict_self, ruleset, 0));
    Close(ruleset);
  }

  int sysctls_ = -1;
};

}  // namespace pelagos::launch
