// Limits of which those are left out that this host cannot set: --limits best-effort.
//
// Pure. What is wrong in itself, as a value out of range, stays for the rules to find.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/plan/cgroup.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/policy/cgroup_plan.h"

namespace pelagos {

namespace internal {

class LimitSieve {
 public:
  LimitSieve(const CgroupPlan& asked, const HostFacts& facts, std::vector<PlanNote>& notes)
      : plan_(asked), facts_(facts), notes_(notes) {}

  CgroupPlan Sieved() && {
    if (!facts_.cgroups.usable) {
      LeaveOutAll();
      return std::move(plan_);
    }
    LeaveOutMissing();
    LeaveOutOfMemory();
    LeaveOutSettings();
    return std::move(plan_);
  }

 private:
  void Note(absl::string_view option, absl::string_view why) {
    notes_.push_back({absl::StrCat("limit left out: ", option, ": ", why)});
  }

  void LeaveOutAll() {
    CgroupPlan none;
    none.best_effort = true;
    none.device_rules = plan_.device_rules;
    if (plan_ == none) return;
    std::string options;
    const auto add = [&options](absl::string_view option) {
      absl::StrAppend(&options, options.empty() ? "" : ", ", option);
    };
    for (const CgroupNeed& need : CgroupNeeds(plan_)) add(need.option);
    if (!plan_.settings.empty()) add("cgroup-conf");
    if (!plan_.parent.empty()) add("cgroup-parent");
    Note(options, "this user may not make cgroups");
    plan_ = none;
  }

  template <typename T>
  void Reset(T CgroupPlan::*field) {
    plan_.*field = CgroupPlan{}.*field;
  }

  void LeaveOutMissing() {
    using C = CgroupController;
    const std::vector<CgroupNeed> needs = CgroupNeeds(plan_);
    std::vector<C> gone;
    for (const CgroupNeed& need : needs) {
      if (!IsMissing(facts_.cgroups, need.controller)) continue;
      Note(need.option,
           absl::StrCat("this host has no cgroup controller '", NameOf(need.controller), "'"));
      gone.push_back(need.controller);
    }
    const auto is_gone = [&gone](C controller) {
      return std::find(gone.begin(), gone.end(), controller) != gone.end();
    };
    if (is_gone(C::kMemory)) {
      Reset(&CgroupPlan::memory_bytes);
      Reset(&CgroupPlan::memory_reservation_bytes);
      Reset(&CgroupPlan::memory_swap_bytes);
      Reset(&CgroupPlan::memory_swappiness);
      Reset(&CgroupPlan::oom_kill_disable);
    }
    if (is_gone(C::kCpu)) {
      Reset(&CgroupPlan::cpu_quota_microseconds);
      Reset(&CgroupPlan::cpu_period_microseconds);
      Reset(&CgroupPlan::cpu_shares);
    }
    if (is_gone(C::kCpuset)) {
      Reset(&CgroupPlan::cpus);
      Reset(&CgroupPlan::memory_nodes);
    }
    if (is_gone(C::kPids)) Reset(&CgroupPlan::pids);
    if (is_gone(C::kIo)) {
      Reset(&CgroupPlan::io_weight);
      Reset(&CgroupPlan::io);
    }
    if (is_gone(C::kHugetlb)) Reset(&CgroupPlan::hugetlb);
  }

  // What this kernel, or this version of cgroups, has not.
  void LeaveOutOfMemory() {
    if (plan_.memory_swap_bytes != 0 && !facts_.cgroups.limits_swap) {
      Note("memory-swap", "this kernel does not count swap");
      Reset(&CgroupPlan::memory_swap_bytes);
    }
    if (!IsInV2(facts_.cgroups, CgroupController::kMemory)) return;
    if (plan_.memory_swappiness) {
      Note("memory-swappiness", "cgroup v2 has nothing of the kind");
      Reset(&CgroupPlan::memory_swappiness);
    }
    if (plan_.oom_kill_disable) {
      Note("oom-kill-disable", "cgroup v2 has nothing of the kind");
      Reset(&CgroupPlan::oom_kill_disable);
    }
  }

  void LeaveOutSettings() {
    const auto unmet = [this](const CgroupSetting& setting) {
      if (!CgroupKeyProblem(setting.key).empty()) return false;
      const absl::string_view name = ControllerOfKey(setting.key);
      const auto controller = FindCgroupController(name);
      const bool there = !facts_.cgroups.v2_mount.empty() &&
                         (name == "cgroup" || (controller && IsInV2(facts_.cgroups, *controller)));
      if (there) return false;
      Note(absl::StrCat("cgroup-conf '", setting.key, "'"), "cgroup v2 of this host has it not");
      return true;
    };
    plan_.settings.erase(std::remove_if(plan_.settings.begin(), plan_.settings.end(), unmet),
                         plan_.settings.end());
  }

  CgroupPlan plan_;
  const HostFacts& facts_;
  std::vector<PlanNote>& notes_;
};

}  // namespace internal

// `asked`, without what cannot be; a note for each that was left out.
inline CgroupPlan BestEffort(const CgroupPlan& asked, const HostFacts& facts,
                             std::vector<PlanNote>& notes) {
  return internal::LimitSieve(asked, facts, notes).Sieved();
}

}  // namespace pelagos
