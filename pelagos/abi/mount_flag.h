// Flags of mount(2) by name, as the option words of mount(8) and the OCI runtime-spec.
//
// Source: mount(2), include/uapi/linux/mount.h; the words are those of runtime-spec, config.md
// ("Linux mount options").
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

inline constexpr uint64_t kMountReadOnly = 0x1;
inline constexpr uint64_t kMountNoSuid = 0x2;
inline constexpr uint64_t kMountNoDev = 0x4;
inline constexpr uint64_t kMountNoExec = 0x8;
inline constexpr uint64_t kMountRemount = 0x20;
inline constexpr uint64_t kMountBind = 0x1000;
inline constexpr uint64_t kMountRecursive = 0x4000;
inline constexpr uint64_t kMountPrivate = 0x40000;
inline constexpr uint64_t kMountSlave = 0x80000;
inline constexpr uint64_t kMountRelatime = 0x200000;
inline constexpr uint64_t kMountStrictAtime = 0x1000000;

struct MountFlagRow {
  absl::string_view name;
  uint64_t bits;
};

// In the order in which they are printed.
inline constexpr std::array<MountFlagRow, 18> kMountFlags = {{
    {"ro", kMountReadOnly},
    {"nosuid", kMountNoSuid},
    {"nodev", kMountNoDev},
    {"noexec", kMountNoExec},
    {"sync", 0x10},
    {"remount", kMountRemount},
    {"mand", 0x40},
    {"dirsync", 0x80},
    {"noatime", 0x400},
    {"nodiratime", 0x800},
    {"bind", kMountBind},
    {"rec", kMountRecursive},
    {"unbindable", 0x20000},
    {"private", kMountPrivate},
    {"slave", kMountSlave},
    {"shared", 0x100000},
    {"relatime", kMountRelatime},
    {"strictatime", kMountStrictAtime},
}};

constexpr std::optional<uint64_t> FindMountFlag(absl::string_view name) {
  for (const MountFlagRow& row : kMountFlags) {
    if (row.name == name) return row.bits;
  }
  return std::nullopt;
}

// "ro,nosuid"; "" if `flags` is 0. A bit that the table does not know is printed as a number.
inline std::string MountFlagNames(uint64_t flags) {
  std::string text;
  const auto add = [&text](const std::string& word) {
    if (!text.empty()) text += ',';
    text += word;
  };
  for (const MountFlagRow& row : kMountFlags) {
    if ((flags & row.bits) == 0) continue;
    add(std::string(row.name));
    flags &= ~row.bits;
  }
  if (flags != 0) add(std::to_string(flags));
  return text;
}

}  // namespace pelagos
