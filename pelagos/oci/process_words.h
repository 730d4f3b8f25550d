// The words of config.json for numbers of the kernel.
//
// Source: OCI runtime-spec config.md, config-linux.md; sched_setattr(2), ioprio_set(2),
// set_mempolicy(2), include/uapi/linux/.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos::oci {

struct WordRow {
  absl::string_view word;
  uint32_t value;
};

inline constexpr std::array<WordRow, 7> kSchedulerPolicies = {{
    {"SCHED_OTHER", 0},
    {"SCHED_FIFO", 1},
    {"SCHED_RR", 2},
    {"SCHED_BATCH", 3},
    {"SCHED_ISO", 4},
    {"SCHED_IDLE", 5},
    {"SCHED_DEADLINE", 6},
}};

inline constexpr std::array<WordRow, 7> kSchedulerFlags = {{
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},
    {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},
    {"SCHED_FLAG_KEEP_POLICY", 0x08},
    {"SCHED_FLAG_KEEP_PARAMS", 0x10},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
}};

inline constexpr std::array<WordRow, 3> kIoClasses = {{
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
}};

inline constexpr std::array<WordRow, 7> kMemoryModes = {{
    {"MPOL_DEFAULT", 0},
    {"MPOL_PREFERRED", 1},
    {"MPOL_BIND", 2},
    {"MPOL_INTERLEAVE", 3},
    {"MPOL_LOCAL", 4},
    {"MPOL_PREFERRED_MANY", 5},
    {"MPOL_WEIGHTED_INTERLEAVE", 6},
}};

inline constexpr std::array<WordRow, 3> kMemoryFlags = {{
    {"MPOL_F_NUMA_BALANCING", 1u << 13},
    {"MPOL_F_RELATIVE_NODES", 1u << 14},
    {"MPOL_F_STATIC_NODES", 1u << 15},
}};

inline constexpr std::array<WordRow, 2> kPersonalities = {{
    {"LINUX", 0},
    {"LINUX32", 8},
}};

// MS_* with MS_REC, of linux.rootfsPropagation.
inline constexpr std::array<WordRow, 8> kRootPropagations = {{
    {"private", 0x40000},
    {"rprivate", 0x44000},
    {"slave", 0x80000},
    {"rslave", 0x84000},
    {"shared", 0x100000},
    {"rshared", 0x104000},
    {"unbindable", 0x20000},
    {"runbindable", 0x24000},
}};

template <typename Rows>
constexpr std::optional<uint32_t> FindWord(const Rows& rows, absl::string_view word) {
  for (const WordRow& row : rows) {
    if (row.word == word) return row.value;
  }
  return std::nullopt;
}

}  // namespace pelagos::oci
