// Ids, capabilities, system calls.
#include <algorithm>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/flattener.h"
#include "pelagos/launch/seccomp_program.h"
#include "pelagos/sys/file.h"

namespace pelagos::launch {

absl::Status Flattener::Add(const SetUser& op) {
  op_->call = ChildCall::kUser;
  user_ = {op.uid, op.gid};
  op_->user.uid = op.uid;
  op_->user.gid = op.gid;
  uint32_t* groups = flat_.arena_.Array<uint32_t>(op.groups.size());
  std::copy(op.groups.begin(), op.groups.end(), groups);
  op_->user.groups = groups;
  op_->user.group_count = op.groups.size();
  op_->user.set_groups = true;
  PELAGOS_ASSIGN_OR_RETURN(const bool initial, InInitialUserNamespace());
  if (initial) return absl::OkStatus();
  // user_namespaces(7): a namespace whose maps were written without privilege denies it.
  PELAGOS_ASSIGN_OR_RETURN(const std::string allowed, sys::ReadFile("/proc/self/setgroups", 64));
  op_->user.set_groups = absl::StartsWith(allowed, "allow");
  if (op_->user.set_groups || op.groups.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "this user namespace denies setgroups(2): supplementary groups cannot be set");
}

absl::Status Flattener::Add(const LimitCapabilities& op) {
  op_->call = ChildCall::kCapabilities;
  op_->capabilities.keep = op.keep.bits();
  return absl::OkStatus();
}

absl::Status Flattener::Add(const SetNoNewPrivileges&) {
  op_->call = ChildCall::kNoNewPrivileges;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const InstallSeccomp& op) {
  op_->call = ChildCall::kSeccomp;
  if (op.profile == SeccompProfile::kUnconfined) {
    return absl::InvalidArgumentError("an unconfined container has no filter to install");
  }
  // What the container may call depends on the capabilities it keeps, wherever that is said.
  CapabilitySet keep = CapabilitySet::All();
  for (const Op& other : plan_.ops) {
    if (const auto* limit = std::get_if<LimitCapabilities>(&other)) keep = limit->keep;
  }
  std::vector<sock_filter> memory;
  absl::Span<const sock_filter> program = DefaultSeccompProgram(keep, memory);
  if (!memory.empty()) {
    sock_filter* copy = flat_.arena_.Array<sock_filter>(memory.size());
    std::copy(memory.begin(), memory.end(), copy);
    program = {copy, memory.size()};
  }
  // The kernel only reads; its structure is older than const.
  op_->seccomp.program = {static_cast<unsigned short>(program.size()),
                          const_cast<sock_filter*>(program.data())};
  return absl::OkStatus();
}

// user_namespaces(7): the initial one maps all ids to themselves.
absl::StatusOr<bool> Flattener::InInitialUserNamespace() {
  if (!initial_user_namespace_) {
    PELAGOS_ASSIGN_OR_RETURN(const std::string map, sys::ReadFile("/proc/self/uid_map", 65536));
    const std::vector<absl::string_view> fields =
        absl::StrSplit(map, absl::ByAnyChar(" \n"), absl::SkipEmpty());
    initial_user_namespace_ = fields == std::vector<absl::string_view>{"0", "0", "4294967295"};
  }
  return *initial_user_namespace_;
}

}  // namespace pelagos::launch
