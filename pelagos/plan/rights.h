// The steps that give a container's processes their rights, and what is to be said of what this
// host lacks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/abi/landlock.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/plan/op.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/plan/user_namespace.h"
#include "pelagos/policy/sysctls.h"

namespace pelagos {

// Where pelagos-init is in a container that has one: on its own /dev, so that the target is never
// an image's.
inline constexpr char kInitTarget[] = "/dev/pelagos-init";

// Read-only: /proc/1/exe must be no way to write to the host's file.
inline std::vector<Op> InitMount(const ContainerSpec& spec, const HostFacts& facts) {
  if (!spec.init) return {};
  return {BindMount{facts.init_program, kInitTarget, true}};
}

inline std::vector<std::string> WithInit(const ContainerSpec& spec,
                                         std::vector<std::string> command) {
  if (spec.init) command.insert(command.begin(), kInitTarget);
  return command;
}

// What is written to the host's /proc, about the process itself.
inline std::vector<Op> LabelsAndScore(const ContainerSpec& spec) {
  std::vector<Op> ops;
  if (!spec.labels.apparmor.empty()) {
    ops.push_back(SetExecLabel{LabelKind::kAppArmor, spec.labels.apparmor});
  }
  if (!spec.labels.selinux.empty()) {
    ops.push_back(SetExecLabel{LabelKind::kSelinux, spec.labels.selinux});
  }
  if (spec.oom_score_adj) ops.push_back(SetOomScoreAdj{*spec.oom_score_adj});
  return ops;
}

// Those that are there from the start, or those of interfaces, which come with the network.
inline std::vector<Op> SysctlOps(const Sysctls& sysctls, bool of_interfaces) {
  std::vector<Op> ops;
  for (const auto& [name, value] : sysctls) {
    if (NeedsInterface(name) == of_interfaces) ops.push_back(WriteSysctl{name, value});
  }
  return ops;
}

// Limits and path rules: after the last step that needs files or descriptors, before the ids and
// capabilities that they need are given away.
inline std::vector<Op> LimitOps(const ContainerSpec& spec, const HostFacts& facts) {
  std::vector<Op> ops;
  if (!spec.landlock.empty()) {
    RestrictPaths op{LandlockRights(facts.landlock_abi), spec.landlock};
    if (spec.init) op.rules.push_back({kInitTarget, {true, false, true}});
    ops.push_back(std::move(op));
  }
  for (const auto& [limit, pair] : spec.rlimits.pairs()) ops.push_back(SetRlimit{limit, pair});
  if (spec.umask != kDefaultUmask) ops.push_back(SetUmask{spec.umask});
  return ops;
}

// In a user namespace of the container's own all are there: over what belongs to it.
inline CapabilitySet AvailableCapabilities(const PlanInputs& in) {
  return HasUserNamespace(in.spec) ? CapabilitySet::All() : in.facts.capabilities;
}

// What the caller lacks is left out here, where it can be said.
inline LimitCapabilities CapabilitiesOf(const PlanInputs& in) {
  const CapabilitySet own = AvailableCapabilities(in);
  LimitCapabilities op{in.spec.capabilities & own, in.spec.process_capabilities};
  if (op.process) {
    op.process = {op.process->permitted & own, op.process->effective & own,
                  op.process->inheritable & own, op.process->ambient & own};
  } else if (in.spec.ambient_capabilities && in.user.uid != 0) {
    op.process = ProcessCapabilities::Ambient(op.keep);
  }
  return op;
}

// SELinux: what has no labels of its own is labelled by its mount. Privileged containers see /sys
// and the cgroups as the host does, writable.
inline void AdaptMounts(const ContainerSpec& spec, std::vector<Op>& ops) {
  const std::string& label = spec.labels.selinux_mount;
  for (Op& op : ops) {
    if (auto* root = std::get_if<MountOverlayRoot>(&op)) root->label = label;
    auto* mount = std::get_if<MountFilesystem>(&op);
    if (mount == nullptr) continue;
    if (!label.empty() && (mount->type == "tmpfs" || mount->type == "devpts")) {
      // Quoted: levels hold commas.
      mount->data =
          absl::StrCat(mount->data, mount->data.empty() ? "" : ",", "context=\"", label, "\"");
    }
    if (spec.privileged && (mount->type == "sysfs" || mount->type == "cgroup2")) {
      mount->flags &= ~kMountReadOnly;
    }
  }
}

inline std::vector<PlanNote> NotesOf(const PlanInputs& in) {
  std::vector<PlanNote> notes;
  CapabilitySet asked = in.spec.capabilities;
  if (in.spec.process_capabilities) {
    asked = asked | in.spec.process_capabilities->permitted;
  }
  const CapabilitySet missing = asked - AvailableCapabilities(in);
  const CapabilitySet named = missing & in.spec.named_capabilities;
  for (const CapabilitySet set : {named, missing - named}) {
    if (set.empty()) continue;
    notes.push_back(
        {absl::StrCat("left out, since the caller lacks them: capabilities ", CapabilityNames(set)),
         set == named});
  }
  const int abi = in.facts.landlock_abi;
  if (!in.spec.landlock.empty() && abi < 3) {
    notes.push_back({absl::StrCat("Landlock of this kernel (version ", abi,
                                  ") cannot deny truncate(2) of files that may not be written")});
  }
  return notes;
}

}  // namespace pelagos
