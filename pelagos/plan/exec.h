// Another process in a container that runs: what the container was asked for, and what this process
// has of its own. It joins the namespaces and cgroups, and has the limits and rights of the
// container's first one.
//
// Pure, as make_plan.h. Source: docker-exec(1), setns(2).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/cgroup.h"
#include "pelagos/plan/device.h"
#include "pelagos/plan/environment.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/plan/program.h"
#include "pelagos/plan/rights.h"
#include "pelagos/plan/rules.h"
#include "pelagos/plan/user_namespace.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos {

struct ExecRequest {
  std::vector<std::string> command;
  std::vector<EnvVariable> env;  // over the container's
  std::string workdir;           // absolute; empty: the container's
  bool terminal = false;
  bool privileged = false;  // all capabilities that there are; the filter stays, and lets them work
  bool detached = false;    // goes on when who started it ends

  friend bool operator==(const ExecRequest&, const ExecRequest&) = default;
};

namespace internal {

inline ContainerSpec SpecOf(const ContainerSpec& container, const ExecRequest& request) {
  ContainerSpec spec = container;
  spec.command = request.command;
  spec.terminal = request.terminal;
  spec.init = false;
  spec.env.insert(spec.env.end(), request.env.begin(), request.env.end());
  if (!request.workdir.empty()) spec.workdir = request.workdir;
  if (request.privileged) {
    spec.capabilities = CapabilitySet::All();
    spec.process_capabilities.reset();
    spec.ambient_capabilities = false;
  }
  return spec;
}

// All that the container has of its own, or has joined.
inline NamespaceJoins JoinsOf(const ContainerSpec& container) {
  NamespaceSet kinds = container.namespaces;
  if (container.net.mode == NetMode::kHost) kinds.erase(Namespace::kNet);
  NamespaceJoins joins;
  for (const NamespaceRow& row : kNamespaces) {
    const bool joined =
        std::any_of(container.joins.begin(), container.joins.end(),
                    [&](const NamespaceJoin& join) { return join.kind == row.value; });
    if (joined || kinds.contains(row.value)) joins.push_back({row.value, "", container.name});
  }
  return joins;
}

}  // namespace internal

// The plan, or nullopt and what is wrong in `diags`. `container`, `image`: of the container, as it
// was started. `user`: of this process. The namespaces are those of a process that the launcher is
// given (launch::LaunchIo::joined_process).
inline std::optional<LaunchPlan> PlanExec(const ContainerSpec& container,
                                          const ResolvedImage& image, const ResolvedUser& user,
                                          const HostFacts& facts, const ExecRequest& request,
                                          Diagnostics& diags) {
  const ContainerSpec spec = internal::SpecOf(container, request);
  const PlanInputs in = {spec, image, user, facts};
  const size_t errors_before = diags.errors();
  if (request.command.empty()) diags.Error({}, "there is no program to run");
  if (!request.workdir.empty() && request.workdir[0] != '/') {
    diags.Error({}, "the working directory '" + request.workdir + "' must be an absolute path");
  }
  rules::SeccompIsUsable(in, diags);
  rules::IdsAreMapped(in, diags);
  if (diags.errors() != errors_before) return std::nullopt;

  LaunchPlan plan;
  plan.id = plan.name = container.name;
  plan.joins = internal::JoinsOf(container);
  plan.ids = OwnIds(in);
  plan.outlives_launcher = request.detached;
  plan.cannot_return = facts.in_user_namespace;
  plan.cgroup = JoinedCgroups(IdOf(container), WithPrivilege(container), facts);
  plan.ops = LabelsAndScore(spec);
  plan.ops.push_back(EnterRoot{});
  if (HasUserNamespace(spec)) plan.ops.push_back(BecomeRoot{});
  if (request.terminal) plan.ops.push_back(OpenTerminal{user.uid, /*console=*/false});
  plan.ops.push_back(ChangeFolder{WorkdirOf(spec, image), /*make=*/false});
  internal::Append(plan.ops, ProgramOps(in, request.command));
  return plan;
}

}  // namespace pelagos
