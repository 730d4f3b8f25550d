// Ids, capabilities, system calls, limits, labels.
#include <fcntl.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/between.h"
#include "pelagos/launch/flattener.h"
#include "pelagos/launch/seccomp_program.h"
#include "pelagos/policy/sysctls.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/security.h"

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
  op_->user.set_ids = EntersUserNamespace() || !self_.HasIds(op.uid, op.gid);
  if (InInitialUserNamespace()) return absl::OkStatus();
  // user_namespaces(7): a namespace whose maps were written without privilege denies it.
  PELAGOS_ASSIGN_OR_RETURN(const std::string allowed, sys::ReadFile("/proc/self/setgroups", 64));
  op_->user.set_groups = absl::StartsWith(allowed, "allow");
  if (op_->user.set_groups || op.groups.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "this user namespace denies setgroups(2): supplementary groups cannot be set");
}

absl::Status Flattener::Add(const BecomeRoot& op) {
  op_->call = ChildCall::kBecomeRoot;
  op_->user.uid = op.uid;
  op_->user.gid = op.gid;
  if (HasUserNamespace(plan_)) return absl::OkStatus();
  return absl::InvalidArgumentError("without a user namespace this would be root of the host");
}

absl::Status Flattener::Add(const LimitCapabilities& op) {
  op_->call = ChildCall::kCapabilities;
  auto& sets = op_->capabilities;
  sets.permitted_before = self_.permitted;
  sets.bounding = self_.bounding;
  // setresuid(2) from root to another user empties the effective set.
  bool set_ids = false;
  sets.is_root = self_.uids[1] == 0;
  for (const Op& other : plan_.ops) {
    const auto* user = std::get_if<SetUser>(&other);
    if (user == nullptr) continue;
    set_ids = set_ids || EntersUserNamespace() || !self_.HasIds(user->uid, user->gid);
    sets.is_root = user->uid == 0;
  }
  sets.effective_before = !set_ids && self_.effective == self_.permitted;
  sets.keep = op.keep.bits();
  sets.exact = op.process.has_value();
  if (op.process) {
    sets.permitted = op.process->permitted.bits();
    sets.effective = op.process->effective.bits();
    sets.inheritable = op.process->inheritable.bits();
    sets.ambient = op.process->ambient.bits();
  }
  return absl::OkStatus();
}

absl::Status Flattener::Add(const SetNoNewPrivileges&) {
  op_->call = ChildCall::kNoNewPrivileges;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const InstallSeccomp& op) {
  op_->call = ChildCall::kSeccomp;
  op_->seccomp.flags = op.flags;
  op_->seccomp.has_listener = !op.listener_path.empty();
  if (op_->seccomp.has_listener) {
    op_->seccomp.flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // seccomp(2): the two answer in different ways unless this says which.
    if ((op.flags & SECCOMP_FILTER_FLAG_TSYNC) != 0) {
      op_->seccomp.flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
    }
  }
  if (op.profile == SeccompProfile::kUnconfined) {
    return absl::InvalidArgumentError("an unconfined container has no filter to install");
  }
  // What the container may call depends on the capabilities it keeps, wherever that is said.
  CapabilitySet keep = CapabilitySet::All();
  for (const Op& other : plan_.ops) {
    if (const auto* limit = std::get_if<LimitCapabilities>(&other)) keep = limit->keep;
  }
  std::vector<sock_filter> memory;
  absl::Span<const sock_filter> program;
  if (op.profile == SeccompProfile::kCustom) {
    if (op.program.empty() || op.program.size() > kMostBpfInstructions) {
      return absl::InvalidArgumentError("a custom profile needs its program");
    }
    memory = KernelProgram(op.program);
    program = memory;
  } else {
    program = DefaultSeccompProgram(keep, memory);
  }
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

absl::Status Flattener::Add(const SetDomainname& op) {
  op_->call = ChildCall::kDomainname;
  if (!Has(Namespace::kUts)) {
    return absl::InvalidArgumentError("without a uts namespace this would change the host");
  }
  PELAGOS_ASSIGN_OR_RETURN(op_->hostname.name, Text(op.name, "the name"));
  op_->hostname.size = op.name.size();
  return absl::OkStatus();
}

absl::Status Flattener::WriteProc(const char* path, const char* fallback, const std::string& text) {
  if (has_root_) return absl::InvalidArgumentError("the host's /proc is out of reach by then");
  op_->call = ChildCall::kWriteProc;
  op_->write_proc.folder = AT_FDCWD;
  op_->write_proc.path = path;
  op_->write_proc.fallback = fallback;
  if (!plan_.joins.empty()) {
    constexpr size_t kProc = 6;  // "/proc/"
    PELAGOS_ASSIGN_OR_RETURN(Fd proc, sys::OpenFile("/proc", O_PATH | O_DIRECTORY));
    PELAGOS_ASSIGN_OR_RETURN(op_->write_proc.folder, Keep(std::move(proc)));
    op_->write_proc.path += kProc;
    if (fallback != nullptr) op_->write_proc.fallback += kProc;
  }
  PELAGOS_ASSIGN_OR_RETURN(op_->write_proc.text, Text(text, "the text"));
  op_->write_proc.size = text.size();
  return absl::OkStatus();
}

absl::Status Flattener::Add(const SetOomScoreAdj& op) {
  return WriteProc("/proc/self/oom_score_adj", nullptr, absl::StrCat(op.value));
}

absl::Status Flattener::Add(const SetExecLabel& op) {
  if (op.kind == LabelKind::kSelinux) return WriteProc("/proc/self/attr/exec", nullptr, op.label);
  // Kernels before 5.8 have the attributes of one module only.
  return WriteProc("/proc/self/attr/apparmor/exec", "/proc/self/attr/exec",
                   absl::StrCat("exec ", op.label));
}

absl::Status Flattener::Add(const WriteSysctl& op) {
  if (!has_root_) return absl::InvalidArgumentError("without a root this would change the host");
  const std::optional<Namespace> owner = FindSysctlOwner(op.name);
  if (!owner || !Has(*owner)) {
    return absl::InvalidArgumentError("without a namespace of its own this would change the host");
  }
  op_->call = ChildCall::kSysctl;
  PELAGOS_ASSIGN_OR_RETURN(op_->sysctl.path, Text(SysctlPath(op.name), "the name"));
  PELAGOS_ASSIGN_OR_RETURN(op_->sysctl.text, Text(op.value, "the value"));
  op_->sysctl.size = op.value.size();
  return absl::OkStatus();
}

absl::Status Flattener::Add(const SetRlimit& op) {
  op_->call = ChildCall::kRlimit;
  op_->rlimit.limit = static_cast<uint32_t>(op.limit);
  op_->rlimit.soft = op.pair.soft;
  op_->rlimit.hard = op.pair.hard;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const RestrictPaths& op) {
  op_->call = ChildCall::kLandlock;
  ChildPathRule* rules = flat_.arena_.Array<ChildPathRule>(op.rules.size());
  for (size_t i = 0; i < op.rules.size(); ++i) {
    PELAGOS_ASSIGN_OR_RETURN(rules[i].path, Target(op.rules[i].path));
    rules[i].rights = op.rules[i].access.rights();
  }
  op_->landlock.handled = op.handled;
  op_->landlock.rules = rules;
  op_->landlock.rule_count = op.rules.size();
  return absl::OkStatus();
}

absl::Status Flattener::Add(const SetUmask& op) {
  op_->call = ChildCall::kUmask;
  op_->umask.mode = op.mode;
  return absl::OkStatus();
}

absl::Status Flattener::Add(const OpenTerminal& op) {
  PELAGOS_RETURN_IF_ERROR(NeedsMountNamespace());
  PELAGOS_RETURN_IF_ERROR(NeedsRoot());
  op_->call = ChildCall::kTerminal;
  op_->terminal.uid = op.uid;
  op_->terminal.console = op.console;
  flat_.child_.rows = io_.rows;
  flat_.child_.columns = io_.columns;
  return absl::OkStatus();
}

bool Flattener::InInitialUserNamespace() {
  if (!initial_user_namespace_) {
    initial_user_namespace_ = io_.in_initial_user_namespace ? *io_.in_initial_user_namespace
                                                            : sys::InInitialUserNamespace();
  }
  return *initial_user_namespace_;
}

}  // namespace pelagos::launch
