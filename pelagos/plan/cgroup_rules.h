// What must hold of limits before a plan is made. Pure; a rule only reads and reports.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/cgroup.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/spec/container.h"

namespace pelagos::rules {

// Each value by itself, and those of one controller together.
inline void CheckLimits(const ContainerSpec& spec, const HostFacts& facts, Diagnostics& diags) {
  const CgroupPlan& limits = spec.cgroup;
  const auto error = [&](const char* option, absl::string_view problem, std::string hint = "") {
    diags.Error(spec.spans.Find(option), absl::StrCat(option, " ", problem), std::move(hint));
  };
  const auto check = [&](const char* option, uint64_t value, absl::string_view problem) {
    if (value != 0 && !problem.empty()) error(option, problem);
  };
  check("memory", limits.memory_bytes, MemoryProblem(limits.memory_bytes));
  check("cpus", limits.cpu_quota_microseconds, CpuProblem(limits.cpu_quota_microseconds));
  check("cpu-period", limits.cpu_period_microseconds,
        CpuPeriodProblem(limits.cpu_period_microseconds));
  check("cpu-shares", limits.cpu_shares, CpuSharesProblem(limits.cpu_shares));
  check("pids", limits.pids, PidsProblem(limits.pids));
  check("blkio-weight", limits.io_weight, IoWeightProblem(limits.io_weight));
  if (const absl::string_view problem = CgroupParentProblem(limits.parent); !problem.empty()) {
    error("cgroup-parent", problem);
  }

  if (limits.memory_reservation_bytes != 0 && limits.memory_bytes != 0 &&
      limits.memory_reservation_bytes > limits.memory_bytes) {
    error("memory-reservation", "must not be more than memory");
  }
  if (limits.memory_swap_bytes < CgroupPlan::kUnlimited) {
    error("memory-swap", "must be a size, or -1 for no limit");
  } else if (limits.memory_swap_bytes > 0) {
    if (limits.memory_bytes == 0) {
      error("memory-swap", "needs memory: it is the sum of both");
    } else if (static_cast<uint64_t>(limits.memory_swap_bytes) < limits.memory_bytes) {
      error("memory-swap", "must not be less than memory: it is the sum of both");
    }
  }
  if (limits.memory_swap_bytes != 0 && !facts.cgroups.limits_swap &&
      !IsMissing(facts.cgroups, CgroupController::kMemory)) {
    error("memory-swap", "cannot be set: this kernel does not count swap",
          "it may be switched off; see the kernel parameter swapaccount=1");
  }
  const bool memory_is_v2 = IsInV2(facts.cgroups, CgroupController::kMemory);
  if (limits.memory_swappiness) {
    if (*limits.memory_swappiness > 100) error("memory-swappiness", "must be 0 to 100");
    if (memory_is_v2) {
      error("memory-swappiness", "cannot be set: cgroup v2 has nothing of the kind",
            "limit swap by memory-swap instead");
    }
  }
  if (limits.oom_kill_disable) {
    if (memory_is_v2) {
      error("oom-kill-disable", "cannot be set: cgroup v2 has nothing of the kind",
            "leave it out; a container that must not be killed needs no memory limit");
    } else if (limits.memory_bytes == 0) {
      error("oom-kill-disable", "needs memory: without a limit the whole host would wait");
    }
  }
}

inline void CheckSets(const ContainerSpec& spec, const HostFacts& facts, Diagnostics& diags) {
  const auto check = [&](const char* option, const IdList& asked,
                         const std::optional<IdList>& online, absl::string_view what) {
    if (asked.empty() || !online || Contains(*online, asked)) return;
    diags.Error(spec.spans.Find(option),
                absl::StrCat(option, " ", IdListText(asked), ": this host has the ", what, " ",
                             IdListText(*online)));
  };
  check("cpuset-cpus", spec.cgroup.cpus, facts.online_cpus, "CPUs");
  check("cpuset-mems", spec.cgroup.memory_nodes, facts.memory_nodes, "memory nodes");
}

inline void CheckIo(const ContainerSpec& spec, const HostFacts& facts, Diagnostics& diags) {
  for (const IoLimit& limit : spec.cgroup.io) {
    if (facts.block_devices.count(limit.device) != 0) continue;
    const std::string option(RowOf(limit.kind).name);
    diags.Error(spec.spans.Find(option),
                absl::StrCat(option, ": '", limit.device, "' is no block device of this host"));
  }
  for (const HugetlbLimit& limit : spec.cgroup.hugetlb) {
    if (!facts.huge_page_sizes) continue;
    const auto& sizes = *facts.huge_page_sizes;
    if (std::find(sizes.begin(), sizes.end(), limit.page_bytes) != sizes.end()) continue;
    std::string known;
    for (uint64_t size : sizes) {
      absl::StrAppend(&known, known.empty() ? "" : ", ", ByteSizeText(size));
    }
    diags.Error(
        spec.spans.Find("hugetlb"),
        absl::StrCat("hugetlb: this host has no huge pages of ", ByteSizeText(limit.page_bytes)),
        known.empty() ? "it has none" : absl::StrCat("it has ", known));
  }
}

// A limit that cannot be set is an error, never left out.
inline void CheckControllers(const ContainerSpec& spec, const HostFacts& facts,
                             Diagnostics& diags) {
  std::vector<CgroupNeed> needs = CgroupNeeds(spec.cgroup);
  if (!spec.cgroup.device_rules.empty()) {
    needs.push_back({"device-cgroup-rule", CgroupController::kDevices});
  }
  const bool uses_cgroups =
      !needs.empty() || !spec.cgroup.settings.empty() || !spec.cgroup.parent.empty();
  if (uses_cgroups && !facts.cgroups.usable) {
    const std::string option = !needs.empty()                  ? needs[0].option
                               : !spec.cgroup.settings.empty() ? "cgroup-conf"
                                                               : "cgroup-parent";
    diags.Error(spec.spans.Find(option),
                absl::StrCat(option,
                             ": this user may not make cgroups, and none was delegated to "
                             "it: nothing can be limited"),
                "systemd-run --user --scope -p Delegate=yes runs a command in a cgroup of the "
                "user's own");
    return;
  }
  if (!spec.cgroup.device_rules.empty() && facts.in_user_namespace) {
    diags.Error(spec.spans.Find("device-cgroup-rule"),
                "device-cgroup-rule: in a user namespace no device can be made, and no filter "
                "can be loaded: what is given by device can be used");
  }
  std::vector<CgroupController> told;
  for (const CgroupNeed& need : needs) {
    if (!IsMissing(facts.cgroups, need.controller)) continue;
    if (std::find(told.begin(), told.end(), need.controller) != told.end()) continue;
    told.push_back(need.controller);
    const CgroupControllerRow& row = RowOf(need.controller);
    const std::string v1 = row.v1_name == row.name ? "" : absl::StrCat(" ('", row.v1_name, "')");
    diags.Error(spec.spans.Find(need.option),
                absl::StrCat(need.option, ": this host has no cgroup controller '", row.name,
                             "', neither in v2 nor in a v1 hierarchy", v1),
                std::string(row.hint));
  }
  if (!spec.cgroup.parent.empty() && facts.cgroups.v2_mount.empty() &&
      facts.cgroups.v1_mounts.empty()) {
    diags.Error(spec.spans.Find("cgroup-parent"),
                "cgroup-parent: no cgroup hierarchy is mounted on this host");
  }
}

inline void CheckSettings(const ContainerSpec& spec, const HostFacts& facts, Diagnostics& diags) {
  for (const CgroupSetting& setting : spec.cgroup.settings) {
    const Span span = spec.spans.Find("cgroup-conf", setting.key);
    const auto error = [&](absl::string_view problem) {
      diags.Error(span, absl::StrCat("cgroup-conf '", setting.key, "' ", problem));
    };
    if (const absl::string_view problem = CgroupKeyProblem(setting.key); !problem.empty()) {
      error(problem);
      continue;
    }
    if (facts.cgroups.v2_mount.empty()) {
      error("cannot be set: cgroup v2 is not mounted on this host");
      continue;
    }
    const absl::string_view name = ControllerOfKey(setting.key);
    if (name == "cgroup") continue;
    const auto controller = FindCgroupController(name);
    if (!controller || !IsInV2(facts.cgroups, *controller)) {
      error(absl::StrCat("cannot be set: cgroup v2 of this host has no controller '", name, "'"));
    }
  }
}

}  // namespace pelagos::rules
