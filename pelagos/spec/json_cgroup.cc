#include "pelagos/spec/json_cgroup.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace pelagos::internal {
namespace {

constexpr uint64_t kMostSize = std::numeric_limits<int64_t>::max();
constexpr uint64_t kAny = std::numeric_limits<uint64_t>::max();

}  // namespace

// What few containers have is written only where it is set.
Json WriteCgroup(const CgroupPlan& plan) {
  Json json = {{"memoryBytes", plan.memory_bytes},
               {"cpuQuotaMicroseconds", plan.cpu_quota_microseconds},
               {"pids", plan.pids}};
  const auto number = [&json](const char* key, uint64_t value, uint64_t unset) {
    if (value != unset) json[key] = value;
  };
  const auto text = [&json](const char* key, std::string value) {
    if (!value.empty()) json[key] = std::move(value);
  };
  const auto list = [&json](const char* key, const auto& items, auto to_text) {
    for (const auto& item : items) json[key].push_back(to_text(item));
  };
  number("memoryReservationBytes", plan.memory_reservation_bytes, 0);
  if (plan.memory_swap_bytes == CgroupPlan::kUnlimited) {
    json["memorySwapUnlimited"] = true;
  } else {
    number("memorySwapBytes", static_cast<uint64_t>(plan.memory_swap_bytes), 0);
  }
  if (plan.memory_swappiness) json["memorySwappiness"] = *plan.memory_swappiness;
  if (plan.oom_kill_disable) json["oomKillDisable"] = true;
  number("cpuPeriodMicroseconds", plan.cpu_period_microseconds, CgroupPlan::kCpuPeriodMicroseconds);
  number("cpuShares", plan.cpu_shares, 0);
  text("cpus", IdListText(plan.cpus));
  text("memoryNodes", IdListText(plan.memory_nodes));
  number("ioWeight", plan.io_weight, 0);
  list("io", plan.io, IoLimitText);
  list("hugetlb", plan.hugetlb, HugetlbLimitText);
  list("settings", plan.settings,
       [](const CgroupSetting& setting) { return setting.key + "=" + setting.value; });
  list("deviceRules", plan.device_rules, DeviceRuleText);
  text("parent", plan.parent);
  if (plan.best_effort) json["bestEffort"] = true;
  return json;
}

CgroupPlan ReadCgroup(const Node& node) {
  CgroupPlan plan;
  plan.memory_bytes = node.Number("memoryBytes", kAny);
  plan.cpu_quota_microseconds = node.Number("cpuQuotaMicroseconds", kAny);
  plan.pids = node.Number("pids", kAny);
  const auto number = [&node](const char* key, uint64_t most, uint64_t unset) {
    return node.Has(key) ? node.Number(key, most) : unset;
  };
  const auto all = [&node](const char* key, auto find, auto* items) {
    if (!node.Has(key)) return;
    for (const std::string& text : node.Strings(key)) items->push_back(node.Named(key, text, find));
  };
  const auto ids = [&node](const char* key) {
    return node.Has(key) ? node.Named(key, ParseIdList) : IdList{};
  };
  plan.memory_reservation_bytes = number("memoryReservationBytes", kAny, 0);
  plan.memory_swap_bytes = node.Has("memorySwapUnlimited") && node.Bool("memorySwapUnlimited")
                               ? CgroupPlan::kUnlimited
                               : static_cast<int64_t>(number("memorySwapBytes", kMostSize, 0));
  if (node.Has("memorySwappiness")) {
    plan.memory_swappiness = static_cast<uint8_t>(node.Number("memorySwappiness", 255));
  }
  plan.oom_kill_disable = node.Has("oomKillDisable") && node.Bool("oomKillDisable");
  plan.cpu_period_microseconds =
      number("cpuPeriodMicroseconds", kAny, CgroupPlan::kCpuPeriodMicroseconds);
  plan.cpu_shares = number("cpuShares", kAny, 0);
  plan.cpus = ids("cpus");
  plan.memory_nodes = ids("memoryNodes");
  plan.io_weight = number("ioWeight", kAny, 0);
  all("io", FindIoLimit, &plan.io);
  all("hugetlb", ParseHugetlbLimit, &plan.hugetlb);
  all("settings", ParseCgroupSetting, &plan.settings);
  all("deviceRules", FindDeviceRule, &plan.device_rules);
  if (node.Has("parent")) plan.parent = node.String("parent");
  plan.best_effort = node.Has("bestEffort") && node.Bool("bestEffort");
  return plan;
}

}  // namespace pelagos::internal
