// What the kernel and its security modules offer to this process.
//
// Source: capget(2), landlock(7), apparmor(7), selinux(8).
#pragma once

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/syscall.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {

// Bit N for capability N.
inline absl::StatusOr<uint64_t> PermittedCapabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct words[2] = {};
  const Result got = Call(SYS_capget, &header, words);
  if (!got.ok()) return ErrnoStatus(got.err, "capget");
  constexpr int kHigh = 32;
  return words[0].permitted | uint64_t{words[1].permitted} << kHigh;
}

// PROC_USER_INIT_INO of <linux/proc_ns.h>: the one namespace whose number is fixed.
inline bool InInitialUserNamespace() {
  char text[32] = {};
  const Result got =
      Call(SYS_readlink, "/proc/self/ns/user", static_cast<char*>(text), sizeof(text) - 1);
  return got.ok() && absl::string_view(text) == "user:[4026531837]";
}

// The version of Landlock's interface; 0 where there is none or it is switched off.
inline int LandlockAbi() {
  const Result got = Call(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return got.ok() ? static_cast<int>(got.value) : 0;
}

inline bool AppArmorIsOn() {
  const absl::StatusOr<std::string> text = ReadFile("/sys/module/apparmor/parameters/enabled", 16);
  return text.ok() && absl::StartsWith(*text, "Y");
}

// selinuxfs is there only while the module is on.
inline bool SelinuxIsOn() { return ReadFile("/sys/fs/selinux/enforce", 16).ok(); }

}  // namespace pelagos::sys
