// Where a container's limits go: v2 first, the v1 hierarchy for what v2 lacks.
//
// Source: cgroups(7), cgroup-v2.rst. One cgroup named pelagos-ID (the layout's prefix, the
// container's id) stands in each hierarchy that is used: below its root, or below CgroupPlan's
// parent.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/plan/cgroup_limits.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/policy/cgroup_plan.h"

namespace pelagos {

// An option that was set and the controller it takes.
struct CgroupNeed {
  const char* option;
  CgroupController controller;
};

// What `plan` needs, without devices (see PlanCgroups) and raw settings; each option once.
inline std::vector<CgroupNeed> CgroupNeeds(const CgroupPlan& plan) {
  std::vector<CgroupNeed> needs;
  const auto add = [&needs](bool set, const char* option, CgroupController controller) {
    if (set) needs.push_back({option, controller});
  };
  using C = CgroupController;
  add(plan.memory_bytes != 0, "memory", C::kMemory);
  add(plan.memory_reservation_bytes != 0, "memory-reservation", C::kMemory);
  add(plan.memory_swap_bytes != 0, "memory-swap", C::kMemory);
  add(plan.memory_swappiness.has_value(), "memory-swappiness", C::kMemory);
  add(plan.oom_kill_disable, "oom-kill-disable", C::kMemory);
  add(plan.cpu_quota_microseconds != 0, "cpus", C::kCpu);
  add(plan.cpu_period_microseconds != CgroupPlan::kCpuPeriodMicroseconds, "cpu-period", C::kCpu);
  add(plan.cpu_shares != 0, "cpu-shares", C::kCpu);
  add(!plan.cpus.empty(), "cpuset-cpus", C::kCpuset);
  add(!plan.memory_nodes.empty(), "cpuset-mems", C::kCpuset);
  add(plan.pids != 0, "pids", C::kPids);
  add(plan.io_weight != 0, "blkio-weight", C::kIo);
  for (const IoLimitRow& row : kIoLimitKinds) {
    const bool set = std::any_of(plan.io.begin(), plan.io.end(),
                                 [&row](const IoLimit& limit) { return limit.kind == row.value; });
    add(set, row.name.data(), C::kIo);
  }
  add(!plan.hugetlb.empty(), "hugetlb", C::kHugetlb);
  return needs;
}

// The controllers that `plan` needs, each once.
inline std::vector<CgroupController> NeededControllers(const CgroupPlan& plan) {
  std::vector<CgroupController> needed;
  for (const CgroupNeed& need : CgroupNeeds(plan)) {
    if (std::find(needed.begin(), needed.end(), need.controller) == needed.end()) {
      needed.push_back(need.controller);
    }
  }
  return needed;
}

inline bool IsInV2(const CgroupLayout& layout, CgroupController controller) {
  return !layout.v2_mount.empty() &&
         std::find(layout.v2_controllers.begin(), layout.v2_controllers.end(), controller) !=
             layout.v2_controllers.end();
}

// Nowhere on this host: a limit of it cannot be set. Devices are v2's own business.
inline bool IsMissing(const CgroupLayout& layout, CgroupController controller) {
  if (controller == CgroupController::kDevices && !layout.v2_mount.empty()) return false;
  return !IsInV2(layout, controller) && layout.v1_mounts.count(controller) == 0;
}

// Every device may be used: nothing is to be filtered.
inline bool AllowsEveryDevice(const CgroupPlan& plan) {
  int types = 0;
  for (const DeviceRule& rule : MergedDeviceRules(plan.device_rules)) {
    if (rule.major == DeviceRule::kAny && rule.minor == DeviceRule::kAny &&
        rule.access == kDeviceAll) {
      ++types;
    }
  }
  return types == 2;
}

namespace internal {

inline std::vector<std::string> ParentsOf(const CgroupPlan& plan) {
  return absl::StrSplit(plan.parent, '/', absl::SkipEmpty());
}

// "/sys/fs/cgroup/a/b" of "/sys/fs/cgroup"; every folder on the way goes into `steps`.
inline std::string AddParents(const CgroupPlan& plan, std::string folder, CgroupSteps* steps) {
  for (const std::string& part : ParentsOf(plan)) {
    absl::StrAppend(&folder, "/", part);
    steps->parents.push_back(folder);
  }
  return folder;
}

// A controller must be handed down at each level.
inline void Enable(const CgroupPlan& plan, const CgroupLayout& layout, CgroupController controller,
                   CgroupSteps* steps) {
  const std::string value = absl::StrCat("+", NameOf(controller));
  std::string folder = layout.v2_mount + layout.v2_own;
  const auto add = [&] {
    CgroupWrite write = {folder + "/cgroup.subtree_control", value, "", ""};
    if (std::find(steps->enable.begin(), steps->enable.end(), write) == steps->enable.end()) {
      steps->enable.push_back(std::move(write));
    }
  };
  add();
  for (const std::string& part : ParentsOf(plan)) {
    absl::StrAppend(&folder, "/", part);
    add();
  }
}

}  // namespace internal

// Requires: no needed controller IsMissing, all of `plan` fits `facts` (CgroupRules).
//
// Where v2 is mounted the container always has a cgroup of its own there: it is cloned into it, and
// killed and counted by it; its devices are filtered by a program. A host with v1 alone gives every
// container a folder of the devices hierarchy. docs/cgroups.md says what this costs.
inline CgroupSteps PlanCgroups(const std::string& id, const CgroupPlan& plan,
                               const HostFacts& facts) {
  const CgroupLayout& layout = facts.cgroups;
  CgroupSteps steps;
  if (!layout.usable) return steps;
  const std::string name = layout.name_prefix + id;
  for (const std::string& part : internal::ParentsOf(plan)) steps.parent += part + "/";
  if (!layout.v2_mount.empty()) {
    steps.v2 = internal::AddParents(plan, layout.v2_mount + layout.v2_own, &steps) + "/" + name;
  }
  const auto add = [&steps](std::vector<CgroupWrite> writes) {
    steps.limits.insert(steps.limits.end(), writes.begin(), writes.end());
  };
  const auto add_v1 = [&](CgroupController controller) {
    CgroupSteps above;
    const std::string parent = internal::AddParents(plan, layout.v1_mounts.at(controller), &above);
    const std::string folder = parent + "/" + name;
    // Controllers mounted together (cpu,cpuacct) share a folder.
    if (std::find(steps.v1.begin(), steps.v1.end(), folder) == steps.v1.end()) {
      steps.v1.push_back(folder);
      steps.parents.insert(steps.parents.end(), above.parents.begin(), above.parents.end());
    }
    add(internal::LimitWriter(plan, facts, folder).V1(controller));
  };
  for (CgroupController controller : NeededControllers(plan)) {
    if (!IsInV2(layout, controller)) {
      add_v1(controller);
      continue;
    }
    internal::Enable(plan, layout, controller, &steps);
    add(internal::LimitWriter(plan, facts, steps.v2).V2(controller));
  }
  for (const CgroupSetting& setting : plan.settings) {
    const auto controller = FindCgroupController(ControllerOfKey(setting.key));
    if (controller) internal::Enable(plan, layout, *controller, &steps);
    steps.limits.push_back({steps.v2 + "/" + setting.key, setting.value, "", ""});
  }
  if (!AllowsEveryDevice(plan)) {
    if (facts.in_user_namespace) {
      // bpf(2) is not for user namespaces, and neither are devices: only what is bound is there.
    } else if (!steps.v2.empty()) {
      steps.devices = MergedDeviceRules(plan.device_rules);
    } else if (layout.v1_mounts.count(CgroupController::kDevices) != 0) {
      add_v1(CgroupController::kDevices);
    }
  }
  return steps;
}

// The cgroups that PlanCgroups gave this container, for another process to join. Needs to know of
// the host no more than where the controllers are.
inline CgroupSteps JoinedCgroups(const std::string& id, const CgroupPlan& plan,
                                 const HostFacts& facts) {
  const CgroupLayout& layout = facts.cgroups;
  CgroupSteps steps;
  steps.joined = true;
  if (!layout.usable) return steps;
  const std::string name = layout.name_prefix + id;
  for (const std::string& part : internal::ParentsOf(plan)) steps.parent += part + "/";
  const auto folder = [&](const std::string& mount) {
    return absl::StrCat(mount, "/", steps.parent, name);
  };
  std::vector<CgroupController> controllers = NeededControllers(plan);
  if (layout.v2_mount.empty()) {
    if (!AllowsEveryDevice(plan) && !facts.in_user_namespace) {
      controllers.push_back(CgroupController::kDevices);
    }
  } else {
    steps.v2 = folder(layout.v2_mount + layout.v2_own);
  }
  for (const CgroupController controller : controllers) {
    if (IsInV2(layout, controller) || layout.v1_mounts.count(controller) == 0) continue;
    std::string joined = folder(layout.v1_mounts.at(controller));
    if (std::find(steps.v1.begin(), steps.v1.end(), joined) == steps.v1.end()) {
      steps.v1.push_back(std::move(joined));
    }
  }
  return steps;
}

}  // namespace pelagos
