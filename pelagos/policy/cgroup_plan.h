// Limits of a container, in the kernel's units.
//
// A value. Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/; docker-run(1)
// for what the options mean. Zero or empty means: not set.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/policy/byte_size.h"
#include "pelagos/policy/cgroup_setting.h"
#include "pelagos/policy/device_rules.h"
#include "pelagos/policy/hugetlb_limit.h"
#include "pelagos/policy/id_list.h"
#include "pelagos/policy/io_limit.h"

namespace pelagos {

enum class CgroupController : uint8_t {
  kMemory,
  kCpu,
  kCpuset,
  kPids,
  kIo,
  kHugetlb,
  kDevices,  // v1 only; v2 has programs for it (BPF_PROG_TYPE_CGROUP_DEVICE)
  kRdma,
  kMisc,
};

struct CgroupControllerRow {
  CgroupController value;
  absl::string_view name;     // in cgroup.controllers of v2
  absl::string_view v1_name;  // as a mount option of v1
  absl::string_view hint;     // what to do where it is missing
};

inline constexpr std::array<CgroupControllerRow, 9> kCgroupControllers = {{
    {CgroupController::kMemory, "memory", "memory",
     "it may be switched off; see the kernel parameter cgroup_enable=memory"},
    {CgroupController::kCpu, "cpu", "cpu", "the kernel needs CONFIG_CFS_BANDWIDTH"},
    {CgroupController::kCpuset, "cpuset", "cpuset", "the kernel needs CONFIG_CPUSETS"},
    {CgroupController::kPids, "pids", "pids", "the kernel needs CONFIG_CGROUP_PIDS"},
    {CgroupController::kIo, "io", "blkio", "the kernel needs CONFIG_BLK_CGROUP"},
    {CgroupController::kHugetlb, "hugetlb", "hugetlb", "the kernel needs CONFIG_CGROUP_HUGETLB"},
    {CgroupController::kDevices, "devices", "devices",
     "mount cgroup2, or the v1 hierarchy: mount -t cgroup -o devices cgroup FOLDER"},
    {CgroupController::kRdma, "rdma", "rdma", "the kernel needs CONFIG_CGROUP_RDMA"},
    {CgroupController::kMisc, "misc", "misc", "the kernel needs CONFIG_CGROUP_MISC"},
}};

constexpr const CgroupControllerRow& RowOf(CgroupController controller) {
  return kCgroupControllers[static_cast<size_t>(controller)];
}
constexpr absl::string_view NameOf(CgroupController controller) { return RowOf(controller).name; }

// By v2's name; other controllers of the kernel (perf_event) are none of ours: nullopt.
constexpr std::optional<CgroupController> FindCgroupController(absl::string_view name) {
  for (const CgroupControllerRow& row : kCgroupControllers) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

struct CgroupPlan {
  static constexpr uint64_t kCpuPeriodMicroseconds = 100000;    // where no other is asked for
  static constexpr uint64_t kLeastMemoryBytes = 512_KiB;        // below it no program comes up
  static constexpr uint64_t kLeastCpuQuotaMicroseconds = 1000;  // the kernel's own bound
  static constexpr uint64_t kMostCpus = 4096;
  static constexpr uint64_t kMostPids = 4194304;  // PID_MAX_LIMIT, proc_sys_kernel(5)
  static constexpr int64_t kUnlimited = -1;

  uint64_t memory_bytes = 0;            // memory.max
  uint64_t cpu_quota_microseconds = 0;  // of each period; 50000 of 100000 is half a CPU
  uint64_t pids = 0;                    // pids.max

  uint64_t memory_reservation_bytes = 0;  // what reclaim leaves alone while others have more
  // Memory and swap together, as Docker counts; kUnlimited; 0: no swap beyond memory_bytes.
  int64_t memory_swap_bytes = 0;
  std::optional<uint8_t> memory_swappiness = std::nullopt;  // 0 to 100; v1 only
  bool oom_kill_disable = false;  // a process without memory waits; v1 only
  uint64_t cpu_period_microseconds = kCpuPeriodMicroseconds;
  uint64_t cpu_shares = 0;  // relative, 1024 is what everybody has; 2 to 262144
  IdList cpus = {}, memory_nodes = {};
  uint64_t io_weight = 0;  // relative; 10 to 1000
  std::vector<IoLimit> io = {};
  std::vector<HugetlbLimit> hugetlb = {};
  std::vector<CgroupSetting> settings = {};   // v2's own files, written last
  std::vector<DeviceRule> device_rules = {};  // beside kDefaultDeviceRules
  std::string parent = {};                    // a cgroup below the root, "a/b"; empty: the root
  bool best_effort = false;                   // what this host cannot limit is left out with a note

  bool empty() const { return *this == CgroupPlan{}; }
  friend bool operator==(const CgroupPlan&, const CgroupPlan&) = default;
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
// The kernel's own bounds. Source: tg_set_cfs_bandwidth, sched_group_set_shares; man docker-run.
constexpr absl::string_view CpuPeriodProblem(uint64_t microseconds) {
  return microseconds < 1000 || microseconds > 1000000 ? "must be 1000 to 1000000" : "";
}
constexpr absl::string_view CpuSharesProblem(uint64_t shares) {
  return shares < 2 || shares > 262144 ? "must be 2 to 262144" : "";
}
constexpr absl::string_view IoWeightProblem(uint64_t weight) {
  return weight < 10 || weight > 1000 ? "must be 10 to 1000" : "";
}
// "a/b", "/a/b": names of folders, no way up.
constexpr absl::string_view CgroupParentProblem(absl::string_view parent) {
  if (parent.size() > 1024) return "must have at most 1024 bytes";
  size_t begin = 0;
  while (begin <= parent.size()) {
    const size_t slash = parent.find('/', begin);
    const size_t end = slash == absl::string_view::npos ? parent.size() : slash;
    const absl::string_view part = parent.substr(begin, end - begin);
    if (part == "." || part == "..") return "must not hold . or ..";
    if (part.find('\n') != absl::string_view::npos || part.find('\0') != absl::string_view::npos) {
      return "must not hold a newline or a NUL byte";
    }
    begin = end + 1;
  }
  return "";
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
  CgroupPlan Build() && { return plan_; }

 private:
  CgroupPlan plan_;
};

}  // namespace pelagos
