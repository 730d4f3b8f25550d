// From what was asked to what is done: every decision about a launch is made here, and nowhere
// else.
//
// Pure: all that must be known of the world comes in as values, equal inputs give equal plans.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pelagos/abi/signal.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/best_effort.h"
#include "pelagos/plan/cgroup.h"
#include "pelagos/plan/device.h"
#include "pelagos/plan/environment.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/plan/mount.h"
#include "pelagos/plan/mount_rules.h"
#include "pelagos/plan/net.h"
#include "pelagos/plan/program.h"
#include "pelagos/plan/rights.h"
#include "pelagos/plan/rules.h"
#include "pelagos/plan/user_namespace.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos {

namespace internal {

// The order matters: a step may rely on those before it, and the last ones take away what the
// earlier ones needed.
inline std::vector<Op> PlanOps(const PlanInputs& in, NamespaceSet namespaces) {
  const auto& [spec, image, user, facts] = in;
  const std::string folder = ContainerFolder(facts, IdOf(spec));
  const std::string layer = LayerFolder(facts, IdOf(spec));
  std::vector<Op> ops;
  ops.reserve(48);  // most have not more
  ops.push_back(MakeMountsPrivate{});
  Append(ops, LabelsAndScore(spec));
  // Mounted over the container's own folder, in the container's mount namespace alone.
  ops.push_back(MountOverlayRoot{LayersOf(spec, image), layer + "/upper", layer + "/work", folder});
  Append(ops, KernelMounts(namespaces, facts, spec.shm_bytes));
  Append(ops, DeviceOps(spec, facts));
  Append(ops, InitMount(spec, facts));
  // On the /dev that was just mounted, before a user's mount could cover it.
  if (spec.terminal) ops.push_back(OpenTerminal{user.uid});
  Append(ops, SysctlOps(spec.sysctls, /*of_interfaces=*/false));
  Append(ops, UserMounts(IdOf(spec), spec.mounts, facts));
  // Settings of interfaces wait for the network, but not for /proc/sys to become read-only.
  std::vector<Op> late = SysctlOps(spec.sysctls, /*of_interfaces=*/true);
  // A network is furnished from outside, once the namespace is there.
  const bool connected = IsConnected(spec.net.mode);
  const bool await_early = connected && !late.empty();
  if (await_early) ops.push_back(AwaitStart{});
  Append(ops, std::move(late));
  // After the user's mounts: a bind of all of /sys unmasks nothing.
  Append(ops, HiddenPaths(spec, facts));
  ops.push_back(PivotRoot{});
  if (namespaces.contains(Namespace::kNet)) ops.push_back(LoopbackUp{});
  if (namespaces.contains(Namespace::kUts)) ops.push_back(SetHostname{HostnameOf(spec)});
  if (!spec.domainname.empty()) ops.push_back(SetDomainname{spec.domainname});
  if (connected && !await_early) ops.push_back(AwaitStart{});
  ops.push_back(ChangeFolder{WorkdirOf(spec, image)});
  // Only now: the folder may have had to be made.
  if (spec.read_only) ops.push_back(SealRoot{});
  Append(ops, ProgramOps(in, WithInit(spec, CommandOf(spec, image))));
  AdaptMounts(spec, ops);
  AdaptToUserNamespace(in, namespaces, ops);
  return ops;
}

}  // namespace internal

// The plan, or nullopt and all that is wrong in `diags`, at the user's text where it is known.
// `image` and `user` are what the store found for spec.image (or spec.rootfs) and spec.user.
inline std::optional<LaunchPlan> MakePlan(const ContainerSpec& asked, const ResolvedImage& image,
                                          const ResolvedUser& user, const HostFacts& facts,
                                          Diagnostics& diags) {
  std::vector<PlanNote> left_out;
  std::optional<ContainerSpec> eased;
  if (asked.cgroup.best_effort) {
    eased = asked;
    eased->cgroup = BestEffort(asked.cgroup, facts, left_out);
  }
  const ContainerSpec& spec = eased ? *eased : asked;
  const PlanInputs in = {spec, image, user, facts};
  const size_t errors_before = diags.errors();
  CheckRules(in, diags);
  if (diags.errors() != errors_before) return std::nullopt;

  LaunchPlan plan;
  plan.id = IdOf(spec);
  plan.name = spec.name;
  plan.namespaces = spec.namespaces;
  if (spec.net.mode == NetMode::kHost) plan.namespaces.erase(Namespace::kNet);
  plan.joins = spec.joins;
  plan.ids = OwnIds(in);
  plan.time = spec.time;
  plan.cgroup = PlanCgroups(IdOf(spec), WithDevices(spec, facts), facts);
  plan.net = PlanNet(spec, image);
  const std::string folder = LayerFolder(facts, IdOf(spec));
  plan.folders = {folder + "/upper", folder + "/work"};
  plan.ops = internal::PlanOps(in, plan.namespaces);
  plan.extra_hosts = spec.extra_hosts;
  if (spec.stop_signal) {
    plan.stop_signal = *spec.stop_signal;
  } else if (!image.stop_signal.empty()) {
    plan.stop_signal = *FindSignal(image.stop_signal);
  }
  plan.stop_grace_seconds = spec.stop_grace_seconds;
  plan.notes = NotesOf(in);
  for (PlanNote& note : MountNotes(in)) plan.notes.push_back(std::move(note));
  for (PlanNote& note : UserNamespaceNotes(in)) plan.notes.push_back(std::move(note));
  for (PlanNote& note : left_out) plan.notes.push_back(std::move(note));
  return plan;
}

}  // namespace pelagos
