// The kernel's capabilities by number and name.
//
// Source: capabilities(7), include/uapi/linux/capability.h. Names are written in lower case with
// hyphens, without CAP_; FindCapability takes every spelling that users know.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos {

// The value is the kernel's number, the bit in capset(2)'s words.
// clang-format off
enum class Capability : uint8_t {
  kChown, kDacOverride, kDacReadSearch, kFowner, kFsetid, kKill, kSetgid, kSetuid, kSetpcap,
  kLinuxImmutable, kNetBindService, kNetBroadcast, kNetAdmin, kNetRaw, kIpcLock, kIpcOwner,
  kSysModule, kSysRawio, kSysChroot, kSysPtrace, kSysPacct, kSysAdmin, kSysBoot, kSysNice,
  kSysResource, kSysTime, kSysTtyConfig, kMknod, kLease, kAuditWrite, kAuditControl, kSetfcap,
  kMacOverride, kMacAdmin, kSyslog, kWakeAlarm, kBlockSuspend, kAuditRead, kPerfmon, kBpf,
  kCheckpointRestore,
};

inline constexpr std::array<absl::string_view, 41> kCapabilityNames = {
    "chown", "dac-override", "dac-read-search", "fowner", "fsetid", "kill", "setgid", "setuid",
    "setpcap", "linux-immutable", "net-bind-service", "net-broadcast", "net-admin", "net-raw",
    "ipc-lock", "ipc-owner", "sys-module", "sys-rawio", "sys-chroot", "sys-ptrace", "sys-pacct",
    "sys-admin", "sys-boot", "sys-nice", "sys-resource", "sys-time", "sys-tty-config", "mknod",
    "lease", "audit-write", "audit-control", "setfcap", "mac-override", "mac-admin", "syslog",
    "wake-alarm", "block-suspend", "audit-read", "perfmon", "bpf", "checkpoint-restore",
};

constexpr absl::string_view NameOf(Capability cap) {
  return kCapabilityNames[static_cast<size_t>(cap)];
}

// Any letter case, `-` or `_`, with or without CAP_: "NET_ADMIN", "cap-net-admin", "net-admin".
constexpr std::optional<Capability> FindCapability(absl::string_view name) {
  constexpr auto fold = [](char c) {
    if (c == '_') return '-';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  constexpr auto same = [fold](absl::string_view a, absl::string_view b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (fold(a[i]) != b[i]) return false;
    }
    return true;
  };
  if (name.size() > 4 && same(name.substr(0, 4), "cap-")) name.remove_prefix(4);
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    if (same(name, kCapabilityNames[i])) return static_cast<Capability>(i);
  }
  return std::nullopt;
}

}  // namespace pelagos
