// System calls by name and number, for the ABIs that a filter of this machine may meet, and every
// name that any architecture has.
//
// Generated when Pelagos is built, from libseccomp's tables and a short list of newer calls
// (tools/seccomp/names.cc). One text of all names and plain numbers: nothing is relocated or built
// when a program starts. x86_64's own names as constants stand in abi/syscall.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos {

// A way into a kernel. kX32 shares x86_64's, with a bit set in its numbers.
enum class SyscallAbi : uint8_t { kX86_64, kX32, kI386, kAarch64, kArm };

inline constexpr size_t kSyscallAbiCount = 5;
inline constexpr uint32_t kX32Bit = 0x40000000;  // arch/x86/include/uapi/asm/unistd.h

namespace internal {

// Written by tools/seccomp/names.cc.
extern const size_t kSyscallNameCount;
extern const char kSyscallNameText[];        // all names, sorted, one after the other
extern const uint16_t kSyscallNameBegins[];  // where each begins; one more, where the last ends
extern const int32_t kSyscallNumbers[][kSyscallAbiCount];  // -1: the ABI has no such call

inline absl::string_view SyscallNameAt(size_t i) {
  return {kSyscallNameText + kSyscallNameBegins[i],
          static_cast<size_t>(kSyscallNameBegins[i + 1] - kSyscallNameBegins[i])};
}

// The row of the name, or kSyscallNameCount.
inline size_t SyscallRowOf(absl::string_view name) {
  size_t low = 0;
  size_t high = kSyscallNameCount;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (SyscallNameAt(middle) < name) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < kSyscallNameCount && SyscallNameAt(low) == name ? low : kSyscallNameCount;
}

}  // namespace internal

// The call's number (kX32: with its bit), or -1 if the ABI has no call of that name.
inline int32_t FindSyscallNumber(SyscallAbi abi, absl::string_view name) {
  const size_t row = internal::SyscallRowOf(name);
  if (row == internal::kSyscallNameCount) return -1;
  return internal::kSyscallNumbers[row][static_cast<size_t>(abi)];
}

// True for a name that any architecture has, also one that is not among the ABIs above.
inline bool IsSyscallName(absl::string_view name) {
  return internal::SyscallRowOf(name) != internal::kSyscallNameCount;
}

// All names, sorted; for suggestions.
inline std::vector<absl::string_view> SyscallNames() {
  std::vector<absl::string_view> names;
  names.reserve(internal::kSyscallNameCount);
  for (size_t i = 0; i < internal::kSyscallNameCount; ++i) {
    names.push_back(internal::SyscallNameAt(i));
  }
  return names;
}

// i386 has two calls that stand for many: the first argument says which.
// Source: include/uapi/linux/net.h (SYS_*), include/uapi/linux/ipc.h.
struct MultiplexedCall {
  absl::string_view name;
  absl::string_view through;  // socketcall or ipc
  uint32_t call;              // ipc: the low 16 bits; a version stands above
};

// clang-format off
inline constexpr MultiplexedCall kMultiplexedCalls[] = {
    {"socket", "socketcall", 1},       {"bind", "socketcall", 2},
    {"connect", "socketcall", 3},      {"listen", "socketcall", 4},
    {"accept", "socketcall", 5},       {"getsockname", "socketcall", 6},
    {"getpeername", "socketcall", 7},  {"socketpair", "socketcall", 8},
    {"send", "socketcall", 9},         {"recv", "socketcall", 10},
    {"sendto", "socketcall", 11},      {"recvfrom", "socketcall", 12},
    {"shutdown", "socketcall", 13},    {"setsockopt", "socketcall", 14},
    {"getsockopt", "socketcall", 15},  {"sendmsg", "socketcall", 16},
    {"recvmsg", "socketcall", 17},     {"accept4", "socketcall", 18},
    {"recvmmsg", "socketcall", 19},    {"sendmmsg", "socketcall", 20},
    {"semop", "ipc", 1},   {"semget", "ipc", 2},   {"semctl", "ipc", 3},  {"semtimedop", "ipc", 4},
    {"msgsnd", "ipc", 11}, {"msgrcv", "ipc", 12},  {"msgget", "ipc", 13}, {"msgctl", "ipc", 14},
    {"shmat", "ipc", 21},  {"shmdt", "ipc", 22},   {"shmget", "ipc", 23}, {"shmctl", "ipc", 24},
};
// clang-format on

}  // namespace pelagos
