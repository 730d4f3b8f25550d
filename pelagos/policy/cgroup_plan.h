// Limits of a container, in the kernel's units.
//
// A value. Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst. Zero means: no limit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

enum class CgroupController : uint8_t { kMemory, kCpu, kPids };

constexpr absl::string_view NameOf(CgroupController controller) {
  switch (controller) {
    case CgroupController::kMemory:
      return "memory";
    case CgroupController::kCpu:
      return "cpu";
    case CgroupController::kPids:
      break;
  }
  return "pids";
}

struct CgroupPlan {
  static constexpr uint64_t kCpuPeriodMicroseconds = 100000;

  uint64_t memory_bytes = 0;            // memory.max; swap is limited to none beyond it
  uint64_t cpu_quota_microseconds = 0;  // of each kCpuPeriodMicroseconds; 50000 is half a CPU
  uint64_t pids = 0;                    // pids.max

  constexpr bool empty() const {
    return memory_bytes == 0 && cpu_quota_microseconds == 0 && pids == 0;
  }
  friend constexpr bool operator==(const CgroupPlan&, const CgroupPlan&) = default;
};

// Sizes that the compiler checks: 64_MiB.
consteval uint64_t operator""_KiB(unsigned long long n) { return n << 10; }
consteval uint64_t operator""_MiB(unsigned long long n) { return n << 20; }
consteval uint64_t operator""_GiB(unsigned long long n) { return n << 30; }

// "64m", "1.5g", "512k", "1073741824", "100b"; case does not matter; nullopt if it is no positive
// size or does not fit. Units are powers of 1024, as in docker-run(1).
std::optional<uint64_t> ParseByteSize(absl::string_view text);

// "0.5", "2" CPUs to microseconds per period; nullopt unless it is at least 0.01 and at most 4096.
std::optional<uint64_t> ParseCpus(absl::string_view text);

}  // namespace pelagos
