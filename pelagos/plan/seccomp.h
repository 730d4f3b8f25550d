// The seccomp step of a launch.
//
// Pure; a custom profile is compiled here, so that a plan holds what will be installed, and what
// cannot work is said before anything is made.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/plan/op.h"
#include "pelagos/policy/seccomp_compile.h"
#include "pelagos/spec/container.h"
#include "pelagos/spec/seccomp_json.h"

namespace pelagos {

namespace internal {

// Between the installation and the hand-over of the listener the container's first process writes:
// notified, it would wait for a listener that nobody has yet. It reads then, which the listener may
// be asked about.
inline absl::Status ListenerCanBeHandedOver(const SeccompFilter& filter,
                                            const SeccompContext& context) {
  if (filter.listener_path.empty()) {
    return absl::InvalidArgumentError("SCMP_ACT_NOTIFY needs a listenerPath");
  }
  if (filter.otherwise.act == SeccompAct::kNotify) {
    return absl::InvalidArgumentError("SCMP_ACT_NOTIFY cannot be used as default action");
  }
  for (const SeccompFilterRule& rule : filter.rules) {
    if (rule.verdict.act != SeccompAct::kNotify || !InEffect(rule, context)) continue;
    for (const std::string& name : rule.names) {
      if (name != "write") continue;
      return absl::InvalidArgumentError(
          "SCMP_ACT_NOTIFY cannot be used for the write syscall, which hands the listener over itself");
    }
  }
  return absl::OkStatus();
}

}  // namespace internal

// Of a spec whose container is not unconfined. INVALID_ARGUMENT or RESOURCE_EXHAUSTED if the
// profile cannot be installed.
inline absl::StatusOr<InstallSeccomp> PlanSeccomp(const ContainerSpec& spec,
                                                  const HostFacts& facts) {
  InstallSeccomp op;
  op.profile = spec.seccomp.profile;
  if (op.profile != SeccompProfile::kCustom) return op;
  const SeccompFilter& filter = *spec.seccomp.filter;
  // What the caller lacks, the container cannot keep.
  const SeccompContext context = {spec.capabilities & facts.capabilities, facts.kernel};
  absl::StatusOr<SeccompProgram> program = CompileSeccomp(filter, context);
  if (!program.ok()) return program.status();
  op.program = *std::move(program);
  op.digest = DigestOf(filter);
  op.rules = static_cast<uint32_t>(filter.rules.size());
  op.flags = filter.flags;
  if (NeedsListener(filter, context)) {
    absl::Status possible = internal::ListenerCanBeHandedOver(filter, context);
    if (!possible.ok()) return possible;
    // The memory of a process that unshared its user namespace is the old one's still: without
    // capabilities there nobody traces its children before they execute (ptrace(2)).
    if (facts.rootless) {
      return absl::InvalidArgumentError(
          "SCMP_ACT_NOTIFY is for root: the descriptor of the filter cannot be taken from the "
          "container of an ordinary user");
    }
    op.listener_path = filter.listener_path;
    op.listener_metadata = filter.listener_metadata;
  } else if ((op.flags & kSeccompWaitKillable) != 0) {
    return absl::InvalidArgumentError(
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is for rules with SCMP_ACT_NOTIFY only");
  }
  return op;
}

}  // namespace pelagos
