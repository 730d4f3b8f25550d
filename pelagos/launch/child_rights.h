// Ids and capabilities. Part of child_main.cc and of nothing else; its rules hold here.
#pragma once

#include <linux/capability.h>

#include "pelagos/launch/child_mounts.h"

namespace pelagos::launch {

class ChildRights : protected ChildMounts {
 protected:
  using ChildMounts::ChildMounts;

  // The kernel forgets the parent-death signal when ids change (prctl(2)).
  void SetUser(const ChildOp& op) noexcept {
    const auto& user = op.user;
    Must(Call(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0), Part::kRights);
    if (user.set_groups) {
      Must(Call(SYS_setgroups, user.group_count, user.groups), Part::kRights);
    }
    Must(Call(SYS_setresgid, user.gid, user.gid, user.gid), Part::kRights);
    Must(Call(SYS_setresuid, user.uid, user.uid, user.uid), Part::kRights);
    FollowParentIntoDeath();
  }

  // capabilities(7). What we ourselves lack, nobody can keep.
  void LimitCapabilities(uint64_t keep) noexcept {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct words[2];
    Must(Call(SYS_capget, &header, words), Part::kRights);
    const uint64_t permitted = words[0].permitted | (uint64_t{words[1].permitted} << 32);
    // Effective again after a change of ids: dropping from the bounding set needs CAP_SETPCAP.
    SetCapabilities(permitted);
    constexpr unsigned kWords = 64;
    for (unsigned cap = 0; cap < kWords; ++cap) {
      if ((keep >> cap & 1) != 0) continue;
      const Result dropped = Call(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
      if (dropped.err == EINVAL) break;  // the kernel has no more
      Must(dropped, Part::kRights);
    }
    const bool is_root = Call(SYS_geteuid).value == 0;
    SetCapabilities(is_root ? permitted & keep : 0);
  }

  // Nothing is inheritable: files with inheritable capabilities would win back what was dropped.
  void SetCapabilities(uint64_t set) noexcept {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const uint32_t low = static_cast<uint32_t>(set), high = static_cast<uint32_t>(set >> 32);
    const __user_cap_data_struct words[2] = {{low, low, 0}, {high, high, 0}};
    Must(Call(SYS_capset, &header, words), Part::kRights);
  }
};

}  // namespace pelagos::launch
