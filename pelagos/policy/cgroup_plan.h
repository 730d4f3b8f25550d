// Limits of a container, in the kernel's units.
//
// A value. Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst. Zero means: no limit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

enum class CgroupController : uint8_t { kMemory, kCpu, kPids };

inline constexpr std::array<CgroupController, 3> kCgroupControllers = {
    CgroupController::kMemory, CgroupController::kCpu, CgroupController::kPids};

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

// Other controllers of the kernel (io, cpuset) are none of ours: nullopt.
constexpr std::optional<CgroupController> FindCgroupController(absl::string_view name) {
  for (CgroupController controller : kCgroupControllers) {
    if (NameOf(controller) == name) return controller;
  }
  return std::nullopt;
}

// Sizes that the compiler checks: 64_MiB. Too large a number does not compile.
void SizeTooLarge();  // never defined: having to call it is the compile error
namespace internal {
consteval uint64_t Shifted(unsigned long long n, int shift) {
  if (n > (~0ull >> shift)) SizeTooLarge();
  return n << shift;
}
}  // namespace internal
consteval uint64_t operator""_KiB(unsigned long long n) { return internal::Shifted(n, 10); }
consteval uint64_t operator""_MiB(unsigned long long n) { return internal::Shifted(n, 20); }
consteval uint64_t operator""_GiB(unsigned long long n) { return internal::Shifted(n, 30); }

struct CgroupPlan {
  static constexpr uint64_t kCpuPeriodMicroseconds = 100000;
  static constexpr uint64_t kLeastMemoryBytes = 512_KiB;        // below it no program comes up
  static constexpr uint64_t kLeastCpuQuotaMicroseconds = 1000;  // the kernel's own bound
  static constexpr uint64_t kMostCpus = 4096;
  static constexpr uint64_t kMostPids = 4194304;  // PID_MAX_LIMIT, proc_sys_kernel(5)

  uint64_t memory_bytes = 0;            // memory.max; swap is limited to none beyond it
  uint64_t cpu_quota_microseconds = 0;  // of each kCpuPeriodMicroseconds; 50000 is half a CPU
  uint64_t pids = 0;                    // pids.max

  constexpr bool empty() const {
    return memory_bytes == 0 && cpu_quota_microseconds == 0 && pids == 0;
  }
  friend constexpr bool operator==(const CgroupPlan&, const CgroupPlan&) = default;
};

// Why a limit cannot be set, as the end of a sentence, or "". One test for the builder, the forms
// and MakePlan.
constexpr absl::string_view MemoryProblem(uint64_t bytes) {
  return bytes < CgroupPlan::kLeastMemoryBytes ? "must be at least 512k" : "";
}
constexpr absl::string_view CpuProblem(uint64_t quota_microseconds) {
  if (quota_microseconds < CgroupPlan::kLeastCpuQuotaMicroseconds) return "must be at least 0.01";
  constexpr uint64_t kMost = CgroupPlan::kMostCpus * CgroupPlan::kCpuPeriodMicroseconds;
  return quota_microseconds > kMost ? "must be at most 4096" : "";
}
constexpr absl::string_view PidsProblem(uint64_t pids) {
  if (pids < 1) return "must be at least 1";
  return pids > CgroupPlan::kMostPids ? "must be at most 4194304" : "";
}

namespace internal {

// "12.345" as 12 and {345, 3 digits}; more than `max_digits` of a fraction are refused, whole parts
// beyond 10^15 too. `rest` gets what follows the number.
struct Decimal {
  uint64_t whole = 0;
  uint64_t fraction = 0;
  uint64_t scale = 1;  // 10^digits of the fraction
};
constexpr std::optional<Decimal> ParseDecimal(absl::string_view text, int max_digits,
                                              absl::string_view* rest) {
  constexpr auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  Decimal number;
  size_t at = 0;
  while (at < text.size() && is_digit(text[at])) {
    if (number.whole > 1000000000000000) return std::nullopt;
    number.whole = number.whole * 10 + static_cast<uint64_t>(text[at++] - '0');
  }
  bool any = at > 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    int digits = 0;
    while (at < text.size() && is_digit(text[at])) {
      if (++digits > max_digits) return std::nullopt;
      number.fraction = number.fraction * 10 + static_cast<uint64_t>(text[at++] - '0');
      number.scale *= 10;
    }
    if (digits == 0) return std::nullopt;
    any = true;
  }
  if (!any) return std::nullopt;
  *rest = text.substr(at);
  return number;
}

// "b", "k", "kb", "kib" ... "t" in any case, as a power of two; "" is bytes.
constexpr std::optional<int> ByteUnitShift(absl::string_view unit) {
  constexpr auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  if (unit.empty()) return 0;
  int shift = -1;
  constexpr absl::string_view kUnits = "bkmgt";
  for (size_t i = 0; i < kUnits.size(); ++i) {
    if (lower(unit[0]) == kUnits[i]) shift = 10 * static_cast<int>(i);
  }
  if (shift < 0) return std::nullopt;
  const absl::string_view tail = unit.substr(1);
  if (tail.empty()) return shift;
  if (shift == 0) return std::nullopt;
  if (tail.size() == 1 && lower(tail[0]) == 'b') return shift;
  if (tail.size() == 2 && lower(tail[0]) == 'i' && lower(tail[1]) == 'b') return shift;
  return std::nullopt;
}

}  // namespace internal

// "64m", "1.5g", "512k", "1073741824", "100b"; case does not matter; nullopt if it is no positive
// size or does not fit. Units are powers of 1024, as in docker-run(1). No floating point: "1.5g"
// is 1610612736 exactly, and a part of a byte is cut off.
constexpr std::optional<uint64_t> ParseByteSize(absl::string_view text) {
  absl::string_view unit;
  const std::optional<internal::Decimal> number = internal::ParseDecimal(text, 6, &unit);
  if (!number) return std::nullopt;
  const std::optional<int> shift = internal::ByteUnitShift(unit);
  if (!shift || (*shift == 0 && number->scale > 1)) return std::nullopt;
  constexpr uint64_t kMost = uint64_t{1} << 62;
  if (number->whole > (kMost >> *shift)) return std::nullopt;
  // fraction < 10^6 < 2^20 and shift <= 40: fits.
  const uint64_t bytes = (number->whole << *shift) + (number->fraction << *shift) / number->scale;
  if (bytes == 0) return std::nullopt;
  return bytes;
}

// "0.5", "2" CPUs to microseconds per period; nullopt unless it is at least 0.01 and at most 4096.
// Exact to a microsecond; what is finer is cut off.
constexpr std::optional<uint64_t> ParseCpus(absl::string_view text) {
  absl::string_view rest;
  const std::optional<internal::Decimal> number = internal::ParseDecimal(text, 12, &rest);
  if (!number || !rest.empty() || number->whole > CgroupPlan::kMostCpus) return std::nullopt;
  const uint64_t quota = number->whole * CgroupPlan::kCpuPeriodMicroseconds +
                         number->fraction * CgroupPlan::kCpuPeriodMicroseconds / number->scale;
  if (!CpuProblem(quota).empty()) return std::nullopt;
  return quota;
}

// A share known at compile time: "0.5"_cpus; "0"_cpus does not compile.
struct CpuQuota {
  uint64_t microseconds;
};
void NotACpuShare();  // never defined: having to call it is the compile error
consteval CpuQuota operator""_cpus(const char* text, size_t size) {
  const std::optional<uint64_t> quota = ParseCpus({text, size});
  if (!quota) NotACpuShare();
  return {*quota};
}

// The compile-time door: CgroupPlanBuilder().Memory<64_MiB>().Cpus("0.5"_cpus).Build().
// Memory<1>() and Pids<0>() do not compile.
class CgroupPlanBuilder {
 public:
  template <uint64_t kBytes>
  requires(MemoryProblem(kBytes).empty()) constexpr CgroupPlanBuilder Memory() && {
    plan_.memory_bytes = kBytes;
    return *this;
  }
  constexpr CgroupPlanBuilder Cpus(CpuQuota quota) && {
    plan_.cpu_quota_microseconds = quota.microseconds;
    return *this;
  }
  template <uint64_t kPids>
  requires(PidsProblem(kPids).empty()) constexpr CgroupPlanBuilder Pids() && {
    plan_.pids = kPids;
    return *this;
  }
  constexpr CgroupPlan Build() && { return plan_; }

 private:
  CgroupPlan plan_;
};

// The text that ParseByteSize reads as `bytes`, with the largest unit that divides it: "64m".
inline std::string ByteSizeText(uint64_t bytes) {
  constexpr absl::string_view kUnits = "kmgt";
  if (bytes == 0 || bytes % 1024 != 0) return std::to_string(bytes);
  size_t unit = 0;
  bytes /= 1024;
  while (bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + kUnits[unit];
}

}  // namespace pelagos
