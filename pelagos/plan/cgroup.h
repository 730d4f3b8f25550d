// Where a container's limits go: v2 first, the v1 hierarchy for what v2 lacks.
//
// Source: cgroups(7); cgroup-v2.rst ("memory.max", "cpu.max", "pids.max"); cgroup-v1/memory.rst.
// One cgroup named pelagos-ID (the layout's prefix, the container's id) stands directly below the
// root of each hierarchy that is used.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/policy/cgroup_plan.h"

namespace pelagos {

// The controllers that `plan` needs.
inline std::vector<CgroupController> NeededControllers(const CgroupPlan& plan) {
  std::vector<CgroupController> needed;
  if (plan.memory_bytes != 0) needed.push_back(CgroupController::kMemory);
  if (plan.cpu_quota_microseconds != 0) needed.push_back(CgroupController::kCpu);
  if (plan.pids != 0) needed.push_back(CgroupController::kPids);
  return needed;
}

inline bool IsInV2(const CgroupLayout& layout, CgroupController controller) {
  return !layout.v2_mount.empty() &&
         std::find(layout.v2_controllers.begin(), layout.v2_controllers.end(), controller) !=
             layout.v2_controllers.end();
}

// Nowhere on this host: a limit of it cannot be set.
inline bool IsMissing(const CgroupLayout& layout, CgroupController controller) {
  return !IsInV2(layout, controller) && layout.v1_mounts.count(controller) == 0;
}

namespace internal {

inline std::vector<CgroupWrite> V2Limits(const CgroupPlan& plan, CgroupController controller,
                                         const CgroupLayout& layout, const std::string& folder) {
  switch (controller) {
    case CgroupController::kMemory: {
      std::vector<CgroupWrite> writes = {
          {folder + "/memory.max", std::to_string(plan.memory_bytes)}};
      if (layout.limits_swap) writes.push_back({folder + "/memory.swap.max", "0"});
      return writes;
    }
    case CgroupController::kCpu:
      return {{folder + "/cpu.max", std::to_string(plan.cpu_quota_microseconds) + " " +
                                        std::to_string(CgroupPlan::kCpuPeriodMicroseconds)}};
    case CgroupController::kPids:
      break;
  }
  return {{folder + "/pids.max", std::to_string(plan.pids)}};
}

inline std::vector<CgroupWrite> V1Limits(const CgroupPlan& plan, CgroupController controller,
                                         const CgroupLayout& layout, const std::string& folder) {
  switch (controller) {
    case CgroupController::kMemory: {
      const std::string bytes = std::to_string(plan.memory_bytes);
      std::vector<CgroupWrite> writes = {{folder + "/memory.limit_in_bytes", bytes}};
      // Memory and swap together; never below the limit of memory alone, so it is written after it.
      if (layout.limits_swap) writes.push_back({folder + "/memory.memsw.limit_in_bytes", bytes});
      return writes;
    }
    case CgroupController::kCpu:
      return {{folder + "/cpu.cfs_period_us", std::to_string(CgroupPlan::kCpuPeriodMicroseconds)},
              {folder + "/cpu.cfs_quota_us", std::to_string(plan.cpu_quota_microseconds)}};
    case CgroupController::kPids:
      break;
  }
  return {{folder + "/pids.max", std::to_string(plan.pids)}};
}

}  // namespace internal

// Requires: no needed controller IsMissing. Where v2 is mounted the container always has a cgroup
// of its own there: it is cloned into it, and killed and counted by it.
inline CgroupSteps PlanCgroups(const std::string& id, const CgroupPlan& plan,
                               const CgroupLayout& layout) {
  CgroupSteps steps;
  const std::string name = layout.name_prefix + id;
  if (!layout.v2_mount.empty()) steps.v2 = layout.v2_mount + "/" + name;
  const auto add = [&steps](std::vector<CgroupWrite> writes) {
    steps.limits.insert(steps.limits.end(), writes.begin(), writes.end());
  };
  for (CgroupController controller : NeededControllers(plan)) {
    if (IsInV2(layout, controller)) {
      steps.enable.push_back(
          {layout.v2_mount + "/cgroup.subtree_control", "+" + std::string(NameOf(controller))});
      add(internal::V2Limits(plan, controller, layout, steps.v2));
      continue;
    }
    // Controllers mounted together (cpu,cpuacct) share a folder.
    const std::string folder = layout.v1_mounts.at(controller) + "/" + name;
    if (std::find(steps.v1.begin(), steps.v1.end(), folder) == steps.v1.end()) {
      steps.v1.push_back(folder);
    }
    add(internal::V1Limits(plan, controller, layout, folder));
  }
  return steps;
}

}  // namespace pelagos
