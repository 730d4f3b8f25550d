#include "pelagos/cli/run_limits.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/policy/cgroup_plan.h"

namespace pelagos::cli {
namespace {

absl::Status Wrong(absl::string_view flag, absl::string_view value, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, " '", value, "': expected ", expected));
}

constexpr absl::string_view kSize = "a size such as 512m or 1.5g";

// The last value of `flag`, if it was given, through `parse` (text -> optional) into `to`.
template <typename T, typename Parse>
absl::Status One(const Arguments& args, absl::string_view flag, Parse parse,
                 absl::string_view expected, T* to) {
  if (!args.has(flag)) return absl::OkStatus();
  auto value = parse(args.value(flag));
  if (!value) return Wrong(flag, args.value(flag), expected);
  *to = *std::move(value);
  return absl::OkStatus();
}

// Every value of `flag`.
template <typename T, typename Parse>
absl::Status All(const Arguments& args, absl::string_view flag, Parse parse,
                 absl::string_view expected, std::vector<T>* to) {
  for (const std::string& text : args.values(flag)) {
    auto value = parse(text);
    if (!value) return Wrong(flag, text, expected);
    to->push_back(*std::move(value));
  }
  return absl::OkStatus();
}

// A number from `least` to `most`.
auto Within(uint64_t least, uint64_t most) {
  return [least, most](const std::string& text) -> std::optional<uint64_t> {
    uint64_t number = 0;
    if (text.empty() || text[0] == '+' || !absl::SimpleAtoi(text, &number)) return std::nullopt;
    if (number < least || number > most) return std::nullopt;
    return number;
  };
}

absl::Status ApplyMemory(const Arguments& args, CgroupPlan& plan) {
  PELAGOS_RETURN_IF_ERROR(One(args, "memory", ParseByteSize, kSize, &plan.memory_bytes));
  PELAGOS_RETURN_IF_ERROR(
      One(args, "memory-reservation", ParseByteSize, kSize, &plan.memory_reservation_bytes));
  const auto swap = [](const std::string& text) -> std::optional<int64_t> {
    if (text == "-1") return CgroupPlan::kUnlimited;
    const std::optional<uint64_t> bytes = ParseByteSize(text);
    if (!bytes) return std::nullopt;
    return static_cast<int64_t>(*bytes);
  };
  PELAGOS_RETURN_IF_ERROR(One(args, "memory-swap", swap,
                              "memory and swap together, such as 1g, or -1 for no limit",
                              &plan.memory_swap_bytes));
  if (args.has("memory-swappiness") && args.value("memory-swappiness") != "-1") {
    uint64_t swappiness = 0;
    PELAGOS_RETURN_IF_ERROR(
        One(args, "memory-swappiness", Within(0, 100), "0 to 100, or -1", &swappiness));
    plan.memory_swappiness = static_cast<uint8_t>(swappiness);
  }
  plan.oom_kill_disable = args.has("oom-kill-disable");
  return absl::OkStatus();
}

absl::Status ApplyCpu(const Arguments& args, CgroupPlan& plan) {
  if (args.has("cpus") && (args.has("cpu-quota") || args.has("cpu-period"))) {
    return absl::InvalidArgumentError(
        "--cpus is a quota of its own: it does not go with --cpu-quota and --cpu-period");
  }
  PELAGOS_RETURN_IF_ERROR(
      One(args, "cpus", ParseCpus, "a number such as 0.5", &plan.cpu_quota_microseconds));
  PELAGOS_RETURN_IF_ERROR(One(args, "cpu-period", Within(1000, 1000000),
                              "microseconds, 1000 to 1000000", &plan.cpu_period_microseconds));
  const std::string quota = args.value("cpu-quota");
  if (quota != "-1" && quota != "0") {
    constexpr uint64_t kMost = CgroupPlan::kMostCpus * CgroupPlan::kCpuPeriodMicroseconds;
    PELAGOS_RETURN_IF_ERROR(
        One(args, "cpu-quota", Within(CgroupPlan::kLeastCpuQuotaMicroseconds, kMost),
            "microseconds, at least 1000, or -1 for no limit", &plan.cpu_quota_microseconds));
  }
  if (args.value("cpu-shares") != "0") {
    PELAGOS_RETURN_IF_ERROR(
        One(args, "cpu-shares", Within(2, 262144), "2 to 262144", &plan.cpu_shares));
  }
  constexpr absl::string_view kList = "a list such as 0-3,8";
  PELAGOS_RETURN_IF_ERROR(One(args, "cpuset-cpus", ParseIdList, kList, &plan.cpus));
  return One(args, "cpuset-mems", ParseIdList, kList, &plan.memory_nodes);
}

absl::Status ApplyIo(const Arguments& args, CgroupPlan& plan) {
  if (args.value("blkio-weight") != "0") {
    PELAGOS_RETURN_IF_ERROR(
        One(args, "blkio-weight", Within(10, 1000), "10 to 1000", &plan.io_weight));
  }
  for (const IoLimitRow& row : kIoLimitKinds) {
    const auto parse = [&row](const std::string& text) { return ParseIoLimit(row.value, text); };
    PELAGOS_RETURN_IF_ERROR(All(args, row.name, parse,
                                row.bytes ? "PATH:RATE, such as /dev/sda:1m, in bytes per second"
                                          : "PATH:RATE, such as /dev/sda:1000, per second",
                                &plan.io));
  }
  PELAGOS_RETURN_IF_ERROR(
      All(args, "hugetlb", ParseHugetlbLimit, "PAGE:SIZE, such as 2m:64m", &plan.hugetlb));
  const auto equals = [](std::string text) {
    std::replace(text.begin(), text.end(), '=', ':');
    return ParseHugetlbLimit(text);
  };
  return All(args, "hugepage-limit", equals, "PAGE=SIZE, such as 2m=64m", &plan.hugetlb);
}

}  // namespace

std::vector<Flag> LimitFlags() {
  return {
      {"memory", 'm', "SIZE", "limit of memory: 512m, 1.5g; no swap beyond it"},
      {"memory-reservation", 0, "SIZE", "memory that is taken from others first"},
      {"memory-swap", 0, "SIZE", "limit of memory and swap together; -1: none"},
      {"memory-swappiness", 0, "0-100", "how readily it is swapped out (cgroup v1)"},
      {"oom-kill-disable", 0, "", "wait for memory instead of being killed (cgroup v1)"},
      {"cpus", 0, "NUMBER", "limit of CPUs: 0.5"},
      {"cpu-quota", 0, "US", "microseconds of CPU in each period; -1: no limit"},
      {"cpu-period", 0, "US", "the period (default: 100000)"},
      {"cpu-shares", 0, "NUMBER", "weight beside others (default: 1024)"},
      {"cpuset-cpus", 0, "LIST", "the CPUs to run on: 0-3,8"},
      {"cpuset-mems", 0, "LIST", "the memory nodes to use"},
      {"pids-limit", 0, "NUMBER", "limit of processes and threads; -1: none"},
      {"blkio-weight", 0, "10-1000", "weight of input and output beside others"},
      {"device-read-bps", 0, "PATH:RATE", "limit of reading from a device: /dev/sda:1m"},
      {"device-write-bps", 0, "PATH:RATE", "limit of writing to a device"},
      {"device-read-iops", 0, "PATH:RATE", "limit of reads per second"},
      {"device-write-iops", 0, "PATH:RATE", "limit of writes per second"},
      {"hugetlb", 0, "PAGE:SIZE", "limit of huge pages of one size: 2m:64m"},
      {"hugepage-limit", 0, "PAGE=SIZE", "the same as --hugetlb"},
      {"cgroup-conf", 0, "KEY=VALUE", "a file of cgroup v2 as it is: memory.high=64m"},
      {"device-cgroup-rule", 0, "RULE", "more devices that may be used: 'c 10:200 rwm'"},
      {"cgroup-parent", 0, "PATH", "the cgroup to be in, below the root of cgroups"},
      {"cgroup-path", 0, "PATH", "the same as --cgroup-parent"},
      {"limits", 0, "HOW", "strict (default), or best-effort: say what cannot be set, and go on"},
  };
}

absl::Status ApplyLimits(const Arguments& args, ContainerSpec& spec) {
  CgroupPlan& plan = spec.cgroup;
  PELAGOS_RETURN_IF_ERROR(ApplyMemory(args, plan));
  PELAGOS_RETURN_IF_ERROR(ApplyCpu(args, plan));
  if (args.value("pids-limit") != "-1" && args.value("pids-limit") != "0") {
    PELAGOS_RETURN_IF_ERROR(One(args, "pids-limit", Within(1, CgroupPlan::kMostPids),
                                "1 to 4194304, or -1 for no limit", &plan.pids));
  }
  PELAGOS_RETURN_IF_ERROR(ApplyIo(args, plan));
  PELAGOS_RETURN_IF_ERROR(All(args, "cgroup-conf", ParseCgroupSetting,
                              "CONTROLLER.FILE=VALUE, such as memory.high=64m", &plan.settings));
  for (const std::string& text : args.values("device-cgroup-rule")) {
    const auto rules = ParseDeviceRules(text);
    if (!rules) return Wrong("device-cgroup-rule", text, "TYPE MAJOR:MINOR ACCESS: 'c 1:3 rwm'");
    plan.device_rules.insert(plan.device_rules.end(), rules->begin(), rules->end());
  }
  for (const char* flag : {"cgroup-parent", "cgroup-path"}) {
    if (!args.has(flag)) continue;
    plan.parent = args.value(flag);
    if (const absl::string_view problem = CgroupParentProblem(plan.parent); !problem.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("--", flag, " '", plan.parent, "' ", problem));
    }
  }
  const std::string how = args.value("limits", "strict");
  if (how != "strict" && how != "best-effort") return Wrong("limits", how, "strict or best-effort");
  if (args.has("limits")) plan.best_effort = how == "best-effort";
  return absl::OkStatus();
}

}  // namespace pelagos::cli
