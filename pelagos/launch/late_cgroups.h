// When the container's v1 cgroups are made: a folder of v1 costs as much as several mounts, so the
// parent makes them while the child mounts, and the child joins them when it needs them.
//
// v2 has no such way: the child is cloned into its cgroup. Where a service manager makes the cgroup
// (CgroupSteps::placed_by) that needs a process to begin with: the child then waits first of all,
// and is moved.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "pelagos/launch/between.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/plan/op.h"

namespace pelagos::launch {

namespace late_cgroups {

// A step that is the same whichever cgroups the child is in: it only arranges mounts and nodes.
inline bool IsForeignToCgroups(const Op& op) {
  if (const auto* mount = std::get_if<MountFilesystem>(&op)) {
    return !absl::StartsWith(mount->type, "cgroup");  // shows the namespace's root
  }
  return std::holds_alternative<MakeMountsPrivate>(op) ||
         std::holds_alternative<MountOverlayRoot>(op) ||
         std::holds_alternative<MountBindRoot>(op) || std::holds_alternative<BindMount>(op) ||
         std::holds_alternative<MakeDevice>(op) || std::holds_alternative<MakeFolder>(op) ||
         std::holds_alternative<MakeSymlink>(op) || std::holds_alternative<MaskPath>(op) ||
         std::holds_alternative<MakeReadOnly>(op) || std::holds_alternative<ChangeMount>(op) ||
         std::holds_alternative<MakeHostDevices>(op) || std::holds_alternative<JoinKeyring>(op);
}

// The source of a mount is opened before the child is there.
inline bool ReadsCgroups(const Op& op, const CgroupSteps& cgroup) {
  const auto* bind = std::get_if<BindMount>(&op);
  return bind != nullptr &&
         std::any_of(cgroup.v1.begin(), cgroup.v1.end(), [&](const std::string& folder) {
           return absl::StartsWith(bind->source, folder);
         });
}

}  // namespace late_cgroups

// The step before which the child waits for the folders and joins them; nullopt: they are made
// before it, and it joins them first of all.
inline std::optional<size_t> LateCgroupStep(const LaunchPlan& plan) {
  const CgroupSteps& cgroup = plan.cgroup;
  if (cgroup.v1.empty() || cgroup.joined || !plan.joins.empty()) return std::nullopt;
  if (!cgroup.placed_by.empty()) return std::nullopt;
  if (NeedsProcessBetween(plan)) return std::nullopt;
  for (const Op& op : plan.ops) {
    if (late_cgroups::ReadsCgroups(op, cgroup)) return std::nullopt;
  }
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    if (!late_cgroups::IsForeignToCgroups(plan.ops[i])) return i;
  }
  return std::nullopt;
}

// What of the cgroups is made before the child, and what while it is on its way.
struct CgroupParts {
  CgroupSteps early, late;
};

inline CgroupParts PartsOf(const LaunchPlan& plan) {
  CgroupParts parts = {plan.cgroup, {}};
  if (!plan.cgroup.placed_by.empty()) {
    // The service manager's limits are those of its unit, and it writes them as it places: ours
    // come after. Of v1 it knows few hierarchies; what mounts show must be there before the child.
    std::swap(parts.late.enable, parts.early.enable);
    std::swap(parts.late.limits, parts.early.limits);
    if (parts.early.v1.empty()) parts.early.v2.clear();
    return parts;
  }
  if (!LateCgroupStep(plan)) return parts;
  std::swap(parts.late.v1, parts.early.v1);
  std::swap(parts.late.limits, parts.early.limits);
  return parts;
}

}  // namespace pelagos::launch
