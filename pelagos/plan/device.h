// Devices of the host in a container: the rules, and the nodes to make.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/abi/device.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/op.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/policy/device.h"
#include "pelagos/policy/device_rules.h"

namespace pelagos {

namespace internal {

inline std::set<std::string> TakenDevices() {
  std::set<std::string> taken;
  for (const DeviceRow& row : kDevices) taken.insert(row.target);
  for (const char* name : kDevNames) taken.insert(name);
  return taken;
}

}  // namespace internal

namespace rules {

inline void DevicesAreUsable(const PlanInputs& in, Diagnostics& diags) {
  if (in.spec.devices.empty()) return;
  std::set<std::string> taken = internal::TakenDevices();
  for (const Device& device : in.spec.devices) {
    const auto error = [&](const std::string& text) {
      diags.Error(in.spec.spans.Find("device", device.target),
                  absl::StrCat("device '", device.source, "' ", text));
    };
    if (const absl::string_view problem = DeviceTargetProblem(device.target); !problem.empty()) {
      error(absl::StrCat("at '", device.target, "': the place ", problem));
      continue;
    }
    if (!IsDeviceAccess(device.access)) {
      error(absl::StrCat("with '", device.access, "': expected letters of rwm"));
    }
    const auto found = in.facts.devices.find(device.source);
    if (found == in.facts.devices.end()) {
      error("does not exist on the host, or is neither a device nor a folder of devices");
      continue;
    }
    for (const HostDevice& node : found->second) {
      const std::string target = CleanTarget(device.target + node.below);
      if (!taken.insert(target).second) {
        error(absl::StrCat("cannot be at '", target, "': something else is there"));
      }
    }
  }
}

}  // namespace rules

// A privileged container may use every device.
inline CgroupPlan WithPrivilege(const ContainerSpec& spec) {
  CgroupPlan plan = spec.cgroup;
  if (!spec.privileged) return plan;
  for (const DeviceType type : {DeviceType::kBlock, DeviceType::kCharacter}) {
    plan.device_rules.push_back({type, DeviceRule::kAny, DeviceRule::kAny, kDeviceAll});
  }
  return plan;
}

// The limits, with rules that let the devices be used as asked.
inline CgroupPlan WithDevices(const ContainerSpec& spec, const HostFacts& facts) {
  CgroupPlan plan = WithPrivilege(spec);
  for (const Device& device : spec.devices) {
    for (const HostDevice& node : facts.devices.at(device.source)) {
      plan.device_rules.push_back({node.block ? DeviceType::kBlock : DeviceType::kCharacter,
                                   static_cast<int32_t>(node.major),
                                   static_cast<int32_t>(node.minor),
                                   ParseDeviceAccess(device.access).value_or(kDeviceAll)});
    }
  }
  return plan;
}

// What else is on the host's /dev, for a privileged container: where nothing is yet.
inline std::vector<HostDevice> OtherHostDevices(const ContainerSpec& spec, const HostFacts& facts) {
  std::set<std::string> taken = internal::TakenDevices();
  for (const Device& device : spec.devices) {
    for (const HostDevice& node : facts.devices.at(device.source)) {
      taken.insert(CleanTarget(device.target + node.below));
    }
  }
  std::vector<HostDevice> others;
  for (const HostDevice& node : facts.all_devices) {
    const std::string target = "/dev" + node.below;
    const auto below = taken.lower_bound(target + "/");
    const bool has_below =
        below != taken.end() && below->compare(0, target.size() + 1, target + "/") == 0;
    if (taken.count(target) == 0 && !has_below) others.push_back(node);
  }
  return others;
}

// After /dev is mounted. Folders below it are made first.
inline std::vector<Op> DeviceOps(const ContainerSpec& spec, const HostFacts& facts) {
  constexpr uint32_t kUse = 0666;  // nobody executes a device
  std::vector<Op> ops;
  std::set<std::string> folders = {"/dev"};
  for (const Device& device : spec.devices) {
    for (const HostDevice& node : facts.devices.at(device.source)) {
      const std::string target = CleanTarget(device.target + node.below);
      const std::string folder = target.substr(0, target.rfind('/'));
      if (folders.insert(folder).second) ops.push_back(MakeFolder{folder});
      MakeDevice make = {target, node.major, node.minor, device.mode.value_or(node.mode) & kUse};
      make.block = node.block;
      make.uid = device.uid.value_or(node.uid);
      make.gid = device.gid.value_or(node.gid);
      make.source = device.source + node.below;
      ops.push_back(make);
    }
  }
  // In a user namespace no device can be made, and those of the host are not its to use.
  if (spec.privileged && !facts.in_user_namespace) {
    std::vector<HostDevice> others = OtherHostDevices(spec, facts);
    if (!others.empty()) ops.push_back(MakeHostDevices{std::move(others)});
  }
  return ops;
}

}  // namespace pelagos
