// The plan of `exec`: another process in the namespaces of a container that runs.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/plan_parts.h"
#include "pelagos/policy/id_list.h"

namespace pelagos::oci {

absl::StatusOr<LaunchPlan> PlanExec(const Config& config, const Process& process,
                                    const ExecFacts& facts) {
  Mistakes mistakes;
  std::vector<std::string> notes;
  LaunchPlan plan;
  plan.id = facts.id;
  plan.joins = facts.joins;
  plan.outlives_launcher = true;
  plan.cannot_return = facts.host.in_user_namespace;
  plan.bundle = facts.bundle;
  plan.annotations = config.annotations;
  plan.cgroup.joined = true;
  plan.cgroup.placed_by = facts.placed_by;
  plan.cgroup.v2 = facts.cgroups.v2;
  for (const auto& [controller, folder] : facts.cgroups.v1) {
    auto& list = plan.cgroup.v1;
    if (std::find(list.begin(), list.end(), folder) == list.end()) list.push_back(folder);
  }
  std::vector<Op>& ops = plan.ops;
  const ExecCpuAffinity affinity = process.exec_cpu_affinity.value_or(ExecCpuAffinity());
  const auto cpus_of = [&](const std::string& text, const char* field) {
    if (text.empty()) return kAllCpus;
    const std::optional<IdList> cpus = ParseIdList(text);
    if (!cpus) mistakes.Add(absl::StrCat("/execCPUAffinity/", field), "must be like 0-3,7");
    return cpus.value_or(kAllCpus);
  };
  // The initial one is the launcher's affair: the child begins in the container's cgroup.
  (void)cpus_of(affinity.initial, "initial");
  Append(ops, EarlyProcessOps(process, facts.host, "", mistakes));
  ops.push_back(EnterRoot{facts.root, /*if_other_mount=*/!facts.shares_mounts});
  if (std::any_of(facts.joins.begin(), facts.joins.end(),
                  [](const NamespaceJoin& join) { return join.kind == Namespace::kUser; })) {
    ops.push_back(SetterUp(LinuxOf(config)));
  }
  if (facts.keyring) ops.push_back(JoinKeyring{KeyringName(facts.id)});
  if (process.terminal) ops.push_back(OpenTerminal{process.user.uid, /*console=*/false});
  ops.push_back(AwaitStart{});
  if (!absl::StartsWith(process.cwd, "/")) mistakes.Add("/cwd", "must be an absolute path");
  ops.push_back(ChangeFolder{process.cwd, /*make=*/false});
  ops.push_back(SetCpuAffinity{cpus_of(affinity.final_list, "final")});
  Append(ops, MemoryOps(LinuxOf(config), mistakes));
  Append(ops, LimitOps(process, "", mistakes));
  Append(ops, RightsOps(config, process, facts.host, "", false, notes, mistakes));
  ops.push_back(ExecOp(process, facts.home, "", mistakes));
  for (std::string& note : notes) plan.notes.push_back({std::move(note)});
  if (absl::Status status = mistakes.status(); !status.ok()) return status;
  return plan;
}

}  // namespace pelagos::oci
