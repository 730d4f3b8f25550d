// Attributes of mount_setattr(2) by name.
//
// Source: mount_setattr(2), include/uapi/linux/mount.h; the words are those of runtime-spec,
// config.md ("Linux mount options").
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

inline constexpr uint64_t kAttrReadOnly = 0x1;
inline constexpr uint64_t kAttrNoSuid = 0x2;
inline constexpr uint64_t kAttrNoDev = 0x4;
inline constexpr uint64_t kAttrNoExec = 0x8;
inline constexpr uint64_t kAttrAtime = 0x70;  // the field that the next ones are values of
inline constexpr uint64_t kAttrRelatime = 0x0;
inline constexpr uint64_t kAttrNoAtime = 0x10;
inline constexpr uint64_t kAttrStrictAtime = 0x20;
inline constexpr uint64_t kAttrNoDirAtime = 0x80;
inline constexpr uint64_t kAttrNoSymFollow = 0x200000;

struct MountAttributeRow {
  absl::string_view name;
  uint64_t bits;
};

inline constexpr std::array<MountAttributeRow, 8> kMountAttributes = {{
    {"ro", kAttrReadOnly},
    {"nosuid", kAttrNoSuid},
    {"nodev", kAttrNoDev},
    {"noexec", kAttrNoExec},
    {"noatime", kAttrNoAtime},
    {"strictatime", kAttrStrictAtime},
    {"nodiratime", kAttrNoDirAtime},
    {"nosymfollow", kAttrNoSymFollow},
}};

// "ro,nosuid"; "" for 0. The field of access times as a whole is "atime".
inline std::string MountAttributeNames(uint64_t bits) {
  std::string text;
  const auto add = [&text](absl::string_view word) {
    if (!text.empty()) text += ',';
    text.append(word.data(), word.size());
  };
  if ((bits & kAttrAtime) == kAttrAtime) {
    add("atime");
    bits &= ~kAttrAtime;
  }
  for (const MountAttributeRow& row : kMountAttributes) {
    if ((bits & row.bits) == row.bits) add(row.name);
  }
  return text;
}

}  // namespace pelagos
