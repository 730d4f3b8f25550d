// What Landlock can restrict of file systems, and since which version of its interface.
//
// Source: landlock(7), include/uapi/linux/landlock.h.
#pragma once

#include <cstdint>

namespace pelagos {

inline constexpr uint64_t kLandlockExecute = 1 << 0;
inline constexpr uint64_t kLandlockWriteFile = 1 << 1;
inline constexpr uint64_t kLandlockReadFile = 1 << 2;
inline constexpr uint64_t kLandlockReadDir = 1 << 3;
inline constexpr uint64_t kLandlockChangeDir = 0x1ff0;  // REMOVE_DIR (1 << 4) to MAKE_SYM (1 << 12)
inline constexpr uint64_t kLandlockRefer = 1 << 13;     // 2: Linux 5.19
inline constexpr uint64_t kLandlockTruncate = 1 << 14;  // 3: Linux 6.2
inline constexpr uint64_t kLandlockIoctlDevice = 1 << 15;  // 5: Linux 6.10

// What may be said of a path that is no folder; the kernel refuses the rest (EINVAL).
inline constexpr uint64_t kLandlockOfFiles = kLandlockExecute | kLandlockWriteFile |
                                             kLandlockReadFile | kLandlockTruncate |
                                             kLandlockIoctlDevice;

// All that version `abi` knows; 0 for no Landlock.
constexpr uint64_t LandlockRights(int abi) {
  if (abi < 1) return 0;
  uint64_t rights = 0x1fff;
  if (abi >= 2) rights |= kLandlockRefer;
  if (abi >= 3) rights |= kLandlockTruncate;
  if (abi >= 5) rights |= kLandlockIoctlDevice;
  return rights;
}

}  // namespace pelagos
