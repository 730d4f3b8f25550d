// The last steps of every process in a container, its first one or another: limits, rights, the
// program.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pelagos/plan/environment.h"
#include "pelagos/plan/op.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/plan/rights.h"
#include "pelagos/plan/seccomp.h"

namespace pelagos {

namespace internal {

inline void Append(std::vector<Op>& ops, std::vector<Op> more) {
  for (Op& op : more) ops.push_back(std::move(op));
}

}  // namespace internal

// Requires: rules::SeccompIsUsable holds.
inline std::vector<Op> ProgramOps(const PlanInputs& in, std::vector<std::string> argv) {
  const ContainerSpec& spec = in.spec;
  std::vector<Op> ops = LimitOps(spec, in.facts);
  // seccomp(2): without no_new_privs a filter needs CAP_SYS_ADMIN, which is gone after the ids and
  // capabilities. With it the filter comes last, and need not let through what takes rights away.
  const bool early = !spec.no_new_privileges;
  std::vector<Op> filter;
  if (spec.seccomp.profile != SeccompProfile::kUnconfined) {
    filter.push_back(*PlanSeccomp(spec, in.facts));
  }
  if (early) internal::Append(ops, filter);
  ops.push_back(SetUser{in.user.uid, in.user.gid, in.user.groups});
  ops.push_back(CapabilitiesOf(in));
  if (spec.no_new_privileges) ops.push_back(SetNoNewPrivileges{});
  if (!early) internal::Append(ops, std::move(filter));
  ops.push_back(Exec{std::move(argv), EnvironmentOf(spec, in.image, in.user)});
  return ops;
}

}  // namespace pelagos
