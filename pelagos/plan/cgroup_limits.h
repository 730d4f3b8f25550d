// Limits as writes into the files of one cgroup folder, per controller and version.
//
// Source: cgroup-v2.rst; cgroup-v1/{memory,cpusets,blkio-controller,hugetlb,devices}.rst;
// sched-bwc.rst. The order of writes matters where it is said.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/policy/cgroup_plan.h"

namespace pelagos {

// cpu.weight (1 to 10000, everybody has 100) for Docker's shares (2 to 262144, everybody has 1024):
// the curve through the three pairs that runc, crun and Kubernetes agree on since 2025.
// Source: github.com/opencontainers/cgroups, ConvertCPUSharesToCgroupV2Value.
inline uint64_t CpuWeight(uint64_t shares) {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const double l = std::log2(static_cast<double>(shares));
  const double exponent = (l * l + 125 * l) / 612 - 7.0 / 34;
  constexpr double kRounding = 1e-9;  // 1024 is 100, not 101
  return static_cast<uint64_t>(std::ceil(std::pow(10, exponent) - kRounding));
}

// io.weight (1 to 10000) for Docker's blkio weight (10 to 1000), linearly, as runc and crun do.
constexpr uint64_t IoWeight(uint64_t weight) { return 1 + (weight - 10) * 9999 / 990; }

namespace internal {

class LimitWriter {
 public:
  LimitWriter(const CgroupPlan& plan, const HostFacts& facts, std::string folder)
      : plan_(plan), facts_(facts), folder_(std::move(folder)) {}

  std::vector<CgroupWrite> V2(CgroupController controller) {
    switch (controller) {
      case CgroupController::kMemory:
        MemoryV2();
        break;
      case CgroupController::kCpu:
        if (plan_.cpu_shares != 0) Add("cpu.weight", CpuWeight(plan_.cpu_shares));
        if (plan_.cpu_quota_microseconds != 0 || HasPeriod()) {
          Add("cpu.max", absl::StrCat(plan_.cpu_quota_microseconds == 0
                                          ? "max"
                                          : absl::StrCat(plan_.cpu_quota_microseconds),
                                      " ", plan_.cpu_period_microseconds));
        }
        break;
      case CgroupController::kCpuset:
        if (!plan_.cpus.empty()) Add("cpuset.cpus", IdListText(plan_.cpus));
        if (!plan_.memory_nodes.empty()) Add("cpuset.mems", IdListText(plan_.memory_nodes));
        break;
      case CgroupController::kPids:
        if (plan_.pids != 0) Add("pids.max", plan_.pids);
        break;
      case CgroupController::kIo:
        if (plan_.io_weight != 0) {
          // One scheduler or the other does the weighing: BFQ, or the cost model.
          writes_.push_back({Path("io.bfq.weight"), absl::StrCat(plan_.io_weight),
                             Path("io.weight"), absl::StrCat(IoWeight(plan_.io_weight))});
        }
        for (const IoLimit& limit : plan_.io) {
          Add("io.max",
              absl::StrCat(Device(limit), " ", RowOf(limit.kind).v2_key, "=", limit.rate));
        }
        break;
      case CgroupController::kHugetlb:
        for (const HugetlbLimit& limit : plan_.hugetlb) {
          Add(absl::StrCat("hugetlb.", HugePageName(limit.page_bytes), ".max"), limit.bytes);
        }
        break;
      case CgroupController::kDevices:
      case CgroupController::kRdma:
      case CgroupController::kMisc:
        break;
    }
    return std::move(writes_);
  }

  std::vector<CgroupWrite> V1(CgroupController controller) {
    switch (controller) {
      case CgroupController::kMemory:
        MemoryV1();
        break;
      case CgroupController::kCpu:
        if (plan_.cpu_shares != 0) Add("cpu.shares", plan_.cpu_shares);
        if (plan_.cpu_quota_microseconds != 0 || HasPeriod()) {
          Add("cpu.cfs_period_us", plan_.cpu_period_microseconds);
        }
        if (plan_.cpu_quota_microseconds != 0) {
          Add("cpu.cfs_quota_us", plan_.cpu_quota_microseconds);
        }
        break;
      case CgroupController::kCpuset:
        // Nobody can join before both are set; what was not asked for is what the host has.
        Add("cpuset.cpus", Or(plan_.cpus, facts_.online_cpus));
        Add("cpuset.mems", Or(plan_.memory_nodes, facts_.memory_nodes));
        break;
      case CgroupController::kPids:
        if (plan_.pids != 0) Add("pids.max", plan_.pids);
        break;
      case CgroupController::kIo:
        if (plan_.io_weight != 0) {
          // Before Linux 5.0 the file was CFQ's.
          writes_.push_back({Path("blkio.bfq.weight"), absl::StrCat(plan_.io_weight),
                             Path("blkio.weight"), absl::StrCat(plan_.io_weight)});
        }
        for (const IoLimit& limit : plan_.io) {
          Add(RowOf(limit.kind).v1_file, absl::StrCat(Device(limit), " ", limit.rate));
        }
        break;
      case CgroupController::kHugetlb:
        for (const HugetlbLimit& limit : plan_.hugetlb) {
          Add(absl::StrCat("hugetlb.", HugePageName(limit.page_bytes), ".limit_in_bytes"),
              limit.bytes);
        }
        break;
      case CgroupController::kDevices:
        Add("devices.deny", "a");
        for (const DeviceRule& rule : MergedDeviceRules(plan_.device_rules)) {
          Add("devices.allow", DeviceRuleText(rule));
        }
        break;
      case CgroupController::kRdma:
      case CgroupController::kMisc:
        break;
    }
    return std::move(writes_);
  }

 private:
  std::string Path(absl::string_view file) const { return absl::StrCat(folder_, "/", file); }
  template <typename T>
  void Add(absl::string_view file, const T& value) {
    writes_.push_back({Path(file), absl::StrCat(value), "", ""});
  }
  bool HasPeriod() const {
    return plan_.cpu_period_microseconds != CgroupPlan::kCpuPeriodMicroseconds;
  }
  static std::string Or(const IdList& asked, const std::optional<IdList>& all) {
    return IdListText(asked.empty() ? all.value_or(IdList{{0, 0}}) : asked);
  }
  std::string Device(const IoLimit& limit) const {
    const DeviceNumber number = facts_.block_devices.at(limit.device);
    return absl::StrCat(number.major, ":", number.minor);
  }

  void MemoryV2() {
    if (plan_.memory_bytes != 0) Add("memory.max", plan_.memory_bytes);
    if (plan_.memory_swap_bytes == CgroupPlan::kUnlimited) {
      Add("memory.swap.max", "max");
    } else if (plan_.memory_bytes != 0 && facts_.cgroups.limits_swap) {
      const uint64_t total = static_cast<uint64_t>(plan_.memory_swap_bytes);
      Add("memory.swap.max", total == 0 ? uint64_t{0} : total - plan_.memory_bytes);
    }
    if (plan_.memory_reservation_bytes != 0) Add("memory.low", plan_.memory_reservation_bytes);
    // The container ends as a whole: half of it is no use to anybody.
    if (plan_.memory_bytes != 0) Add("memory.oom.group", "1");
  }

  void MemoryV1() {
    if (plan_.memory_bytes != 0) Add("memory.limit_in_bytes", plan_.memory_bytes);
    // Memory and swap together; never below the limit of memory alone, so it is written after it.
    if (plan_.memory_swap_bytes == CgroupPlan::kUnlimited) {
      Add("memory.memsw.limit_in_bytes", "-1");
    } else if (plan_.memory_bytes != 0 && facts_.cgroups.limits_swap) {
      const uint64_t total = static_cast<uint64_t>(plan_.memory_swap_bytes);
      Add("memory.memsw.limit_in_bytes", total == 0 ? plan_.memory_bytes : total);
    }
    if (plan_.memory_reservation_bytes != 0) {
      Add("memory.soft_limit_in_bytes", plan_.memory_reservation_bytes);
    }
    if (plan_.memory_swappiness) Add("memory.swappiness", int{*plan_.memory_swappiness});
    if (plan_.oom_kill_disable) Add("memory.oom_control", "1");
  }

  const CgroupPlan& plan_;
  const HostFacts& facts_;
  std::string folder_;
  std::vector<CgroupWrite> writes_;
};

}  // namespace internal
}  // namespace pelagos
