#include "pelagos/oci/from_spec_limits.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/policy/hugetlb_limit.h"
#include "pelagos/policy/id_list.h"
#include "pelagos/policy/seccomp_compile.h"
#include "pelagos/spec/seccomp_json.h"

namespace pelagos::oci {
namespace {

DeviceAccess RuleFrom(const DeviceRule& rule) {
  const std::string text = DeviceRuleText(rule);  // "c 1:3 rwm"
  DeviceAccess access = {true, text.substr(0, 1), {}, {}, text.substr(text.rfind(' ') + 1)};
  if (rule.major != DeviceRule::kAny) access.major = rule.major;
  if (rule.minor != DeviceRule::kAny) access.minor = rule.minor;
  return access;
}

void AddMemory(const CgroupPlan& plan, Resources& resources) {
  MemoryLimits memory;
  if (plan.memory_bytes != 0) memory.limit = static_cast<int64_t>(plan.memory_bytes);
  if (plan.memory_reservation_bytes != 0) {
    memory.reservation = static_cast<int64_t>(plan.memory_reservation_bytes);
  }
  if (plan.memory_swap_bytes != 0) {
    memory.swap = plan.memory_swap_bytes;
  } else if (plan.memory_bytes != 0) {
    memory.swap = memory.limit;  // none beyond the memory
  }
  if (plan.memory_swappiness) memory.swappiness = *plan.memory_swappiness;
  if (plan.oom_kill_disable) memory.disable_oom_killer = true;
  if (memory != MemoryLimits{}) resources.memory = memory;
}

void AddCpu(const CgroupPlan& plan, Resources& resources) {
  CpuLimits cpu;
  if (plan.cpu_shares != 0) cpu.shares = plan.cpu_shares;
  if (plan.cpu_quota_microseconds != 0) {
    cpu.quota = static_cast<int64_t>(plan.cpu_quota_microseconds);
  }
  if (cpu.quota || plan.cpu_period_microseconds != CgroupPlan::kCpuPeriodMicroseconds) {
    cpu.period = plan.cpu_period_microseconds;
  }
  cpu.cpus = IdListText(plan.cpus);
  cpu.mems = IdListText(plan.memory_nodes);
  if (cpu != CpuLimits{}) resources.cpu = cpu;
}

absl::Status AddIo(const CgroupPlan& plan, const HostFacts& facts, Resources& resources) {
  BlockIo io;
  if (plan.io_weight != 0) io.weight = static_cast<uint16_t>(plan.io_weight);
  for (const IoLimit& limit : plan.io) {
    const auto found = facts.block_devices.find(limit.device);
    if (found == facts.block_devices.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", limit.device, "' is no block device of this host"));
    }
    const ThrottleDevice device = {found->second.major, found->second.minor, limit.rate};
    switch (limit.kind) {
      case IoLimitKind::kReadBps:
        io.read_bps.push_back(device);
        break;
      case IoLimitKind::kWriteBps:
        io.write_bps.push_back(device);
        break;
      case IoLimitKind::kReadIops:
        io.read_iops.push_back(device);
        break;
      case IoLimitKind::kWriteIops:
        io.write_iops.push_back(device);
        break;
    }
  }
  if (io != BlockIo{}) resources.block_io = io;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Resources> ResourcesFrom(const CgroupPlan& plan, const HostFacts& facts) {
  Resources resources;
  // All that is not allowed is denied; what every container may use is written out too.
  resources.devices.push_back({false, "", {}, {}, "rwm"});
  for (const DeviceRule& rule : MergedDeviceRules(plan.device_rules)) {
    resources.devices.push_back(RuleFrom(rule));
  }
  AddMemory(plan, resources);
  AddCpu(plan, resources);
  if (plan.pids != 0) resources.pids = PidsLimit{static_cast<int64_t>(plan.pids)};
  if (absl::Status added = AddIo(plan, facts, resources); !added.ok()) return added;
  for (const HugetlbLimit& limit : plan.hugetlb) {
    resources.hugepage_limits.push_back({HugePageName(limit.page_bytes), limit.bytes});
  }
  for (const CgroupSetting& setting : plan.settings) resources.unified[setting.key] = setting.value;
  return resources;
}

std::string SeccompText(const SeccompFilter& filter, const PlanInputs& in) {
  const SeccompContext context = {in.spec.capabilities & in.facts.capabilities, in.facts.kernel};
  SeccompFilter plain = filter;
  plain.rules.clear();
  for (SeccompFilterRule rule : filter.rules) {
    if (!InEffect(rule, context)) continue;
    rule.includes = {};
    rule.excludes = {};
    plain.rules.push_back(std::move(rule));
  }
  return ToJson(plain);
}

}  // namespace pelagos::oci
