#include <linux/ioprio.h>
#include <linux/sched.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/abi/rlimit.h"
#include "pelagos/oci/plan_parts.h"
#include "pelagos/oci/process_words.h"
#include "pelagos/plan/seccomp.h"
#include "pelagos/policy/oom_score.h"
#include "pelagos/policy/process_capabilities.h"
#include "pelagos/policy/security_label.h"
#include "pelagos/spec/seccomp_json.h"

namespace pelagos::oci {
namespace {

// Names that this program does not know are a newer kernel's: nobody here can have them.
CapabilitySet SetOf(const Texts& names, std::vector<std::string>& notes) {
  CapabilitySet set;
  for (const std::string& name : names) {
    if (const std::optional<Capability> found = FindCapability(name)) {
      set.insert(*found);
    } else {
      notes.push_back(absl::StrCat("ignoring unknown capability ", name));
    }
  }
  return set;
}

LimitCapabilities CapabilitiesOf(const Process& process, const HostFacts& host,
                                 std::vector<std::string>& notes) {
  const Capabilities none;
  const Capabilities& asked = process.capabilities ? *process.capabilities : none;
  const CapabilitySet bounding = SetOf(asked.bounding, notes);
  ProcessCapabilities sets = {SetOf(asked.permitted, notes), SetOf(asked.effective, notes),
                              SetOf(asked.inheritable, notes), SetOf(asked.ambient, notes)};
  const CapabilitySet all = bounding | sets.permitted | sets.effective | sets.inheritable;
  if (const CapabilitySet missing = all - host.capabilities; !missing.empty()) {
    notes.push_back(absl::StrCat("left out, since the caller lacks them: capabilities ",
                                 CapabilityNames(missing)));
  }
  const CapabilitySet own = host.capabilities;
  sets = {sets.permitted & own, sets.effective & own, sets.inheritable & own, sets.ambient & own};
  // capabilities(7): the kernel takes no others. What cannot be granted is to be told, and no
  // error.
  const auto within = [&notes](CapabilitySet set, CapabilitySet whole, absl::string_view why) {
    if (const CapabilitySet missing = set - whole; !missing.empty()) {
      notes.push_back(absl::StrCat("left out, ", why, ": capabilities ", CapabilityNames(missing)));
    }
    return set & whole;
  };
  sets.effective = within(sets.effective, sets.permitted, "effective but not permitted");
  sets.inheritable =
      within(sets.inheritable, bounding & own, "inheritable but outside the bounding set");
  // Clients ask for such all the same (buildah), and runc leaves them out without a word.
  sets.ambient = sets.ambient & sets.permitted & sets.inheritable;
  return {bounding & own, sets};
}

std::vector<Op> FilterOps(const Config& config, const Process& process, const HostFacts& host,
                          std::vector<std::string>& notes, Mistakes& mistakes) {
  const std::optional<RawJson>& profile = LinuxOf(config).seccomp;
  if (!profile) return {};
  const absl::StatusOr<SeccompFile> file = ParseBundleSeccomp(profile->text);
  if (!file.ok()) {
    for (absl::string_view line : absl::StrSplit(file.status().message(), '\n')) {
      // "/syscalls/0/names: must be ..."
      const size_t end = absl::StartsWith(line, "/") ? line.find(": ") : absl::string_view::npos;
      const bool pointed = end != absl::string_view::npos;
      mistakes.Add(absl::StrCat("/linux/seccomp", pointed ? line.substr(0, end) : ""),
                   pointed ? line.substr(end + 2) : line);
    }
    return {};
  }
  notes.insert(notes.end(), file->notes.begin(), file->notes.end());
  ContainerSpec spec;
  std::vector<std::string> ignored;
  if (process.capabilities) spec.capabilities = SetOf(process.capabilities->bounding, ignored);
  spec.seccomp = CustomSeccomp(file->filter);
  absl::StatusOr<InstallSeccomp> op = PlanSeccomp(spec, host);
  if (!op.ok()) {
    mistakes.Add("/linux/seccomp", op.status().message());
    return {};
  }
  return {*std::move(op)};
}

void AddScheduler(const Scheduler& scheduler, const std::string& at, std::vector<Op>& ops,
                  Mistakes& mistakes) {
  SetScheduler op;
  const std::optional<uint32_t> policy = FindWord(kSchedulerPolicies, scheduler.policy);
  if (!policy) return mistakes.Add(at + "/policy", "is no policy of sched(7)");
  op.traits.policy = *policy;
  for (size_t i = 0; i < scheduler.flags.size(); ++i) {
    const std::optional<uint32_t> flag = FindWord(kSchedulerFlags, scheduler.flags[i]);
    if (!flag)
      return mistakes.Add(absl::StrCat(at, "/flags/", i), "is no flag of sched_setattr(2)");
    op.traits.flags |= *flag;
  }
  op.traits.nice = scheduler.nice.value_or(0);
  if (op.traits.nice < -20 || op.traits.nice > 19) {
    return mistakes.Add(at + "/nice", "must be from -20 to 19");
  }
  const int32_t priority = scheduler.priority.value_or(0);
  const bool real_time = *policy == SCHED_FIFO || *policy == SCHED_RR;
  if (priority != 0 && !real_time) {
    return mistakes.Add(at + "/priority", "is for SCHED_FIFO and SCHED_RR only");
  }
  if (priority < 0 || priority > 99) return mistakes.Add(at + "/priority", "must be from 0 to 99");
  op.traits.priority = static_cast<uint32_t>(priority);
  op.traits.runtime = scheduler.runtime.value_or(0);
  op.traits.deadline = scheduler.deadline.value_or(0);
  op.traits.period = scheduler.period.value_or(0);
  const bool timed = (op.traits.runtime | op.traits.deadline | op.traits.period) != 0;
  if (timed && *policy != SCHED_DEADLINE) {
    return mistakes.Add(at, "runtime, deadline and period are for SCHED_DEADLINE only");
  }
  ops.push_back(op);
}

void AddIoPriority(const IoPriority& priority, const std::string& at, std::vector<Op>& ops,
                   Mistakes& mistakes) {
  const std::optional<uint32_t> io_class = FindWord(kIoClasses, priority.io_class);
  if (!io_class) return mistakes.Add(at + "/class", "is no class of ioprio_set(2)");
  if (priority.priority < 0 || priority.priority > 7) {
    return mistakes.Add(at + "/priority", "must be from 0 to 7");
  }
  ops.push_back(SetIoPriority{{*io_class, static_cast<uint32_t>(priority.priority)}});
}

}  // namespace

std::vector<Op> EarlyProcessOps(const Process& process, const HostFacts& host,
                                const std::string& at, Mistakes& mistakes) {
  std::vector<Op> ops;
  if (const std::string& profile = process.apparmor_profile; !profile.empty()) {
    if (const absl::string_view problem = AppArmorProblem(profile); !problem.empty()) {
      mistakes.Add(at + "/apparmorProfile", problem);
    } else if (!host.apparmor) {
      mistakes.Add(at + "/apparmorProfile", "this host's kernel does not enforce AppArmor");
    } else {
      ops.push_back(SetExecLabel{LabelKind::kAppArmor, profile});
    }
  }
  if (const std::string& label = process.selinux_label; !label.empty()) {
    if (const absl::string_view problem = SelinuxProblem(label); !problem.empty()) {
      mistakes.Add(at + "/selinuxLabel", problem);
    } else if (!host.selinux) {
      mistakes.Add(at + "/selinuxLabel", "SELinux is off on this host");
    } else {
      ops.push_back(SetExecLabel{LabelKind::kSelinux, label});
    }
  }
  if (process.oom_score_adj) {
    const absl::string_view problem = OomScoreAdjProblem(*process.oom_score_adj);
    if (!problem.empty()) mistakes.Add(at + "/oomScoreAdj", problem);
    ops.push_back(SetOomScoreAdj{*process.oom_score_adj});
  }
  return ops;
}

std::vector<Op> LimitOps(const Process& process, const std::string& at, Mistakes& mistakes) {
  std::vector<Op> ops;
  if (process.scheduler) AddScheduler(*process.scheduler, at + "/scheduler", ops, mistakes);
  if (process.io_priority) AddIoPriority(*process.io_priority, at + "/ioPriority", ops, mistakes);
  std::map<pelagos::Rlimit, RlimitPair> pairs;
  for (size_t i = 0; i < process.rlimits.size(); ++i) {
    const Rlimit& limit = process.rlimits[i];
    const std::string here = absl::StrCat(at, "/rlimits/", i);
    const std::optional<pelagos::Rlimit> kind =
        absl::StartsWith(limit.type, "RLIMIT_") ? FindRlimit(limit.type) : std::nullopt;
    if (!kind) {
      mistakes.Add(here + "/type", absl::StrCat("'", limit.type, "' is no limit of getrlimit(2)"));
      continue;
    }
    const RlimitPair pair = {limit.soft, limit.hard};
    if (const absl::string_view problem = RlimitProblem(pair); !problem.empty()) {
      mistakes.Add(here, problem);
    }
    if (!pairs.emplace(*kind, pair).second) mistakes.Add(here + "/type", "stands twice");
  }
  for (const auto& [kind, pair] : pairs) ops.push_back(SetRlimit{kind, pair});
  if (process.user.umask) {
    if (*process.user.umask > 0777) mistakes.Add(at + "/user/umask", "must be from 0 to 0777");
    ops.push_back(SetUmask{*process.user.umask});
  }
  return ops;
}

std::vector<Op> RightsOps(const Config& config, const Process& process, const HostFacts& host,
                          const std::string& at, bool wait, std::vector<std::string>& notes,
                          Mistakes& mistakes) {
  std::vector<Op> ops;
  const std::vector<Op> filter = FilterOps(config, process, host, notes, mistakes);
  // seccomp(2): without no_new_privs it needs CAP_SYS_ADMIN, which is gone after the capabilities.
  if (!process.no_new_privileges) ops.insert(ops.end(), filter.begin(), filter.end());
  constexpr uint32_t kNobodyAtAll = 0xffffffff;
  const User& user = process.user;
  if (user.uid == kNobodyAtAll) mistakes.Add(at + "/user/uid", "4294967295 is no user");
  if (user.gid == kNobodyAtAll) mistakes.Add(at + "/user/gid", "4294967295 is no group");
  ops.push_back(SetUser{user.uid, user.gid, user.additional_gids});
  ops.push_back(CapabilitiesOf(process, host, notes));
  if (process.no_new_privileges) ops.push_back(SetNoNewPrivileges{});
  if (wait) ops.push_back(AwaitExec{});
  if (process.no_new_privileges) ops.insert(ops.end(), filter.begin(), filter.end());
  return ops;
}

// Of variables that stand twice the last one counts, as for runc; a HOME that says nothing is none.
std::vector<std::string> EnvironmentOf(const Texts& env, const std::string& home) {
  std::map<absl::string_view, size_t> last;
  for (size_t i = 0; i < env.size(); ++i) {
    last[absl::string_view(env[i]).substr(0, env[i].find('='))] = i;
  }
  const auto found = last.find("HOME");
  const bool has_home = found != last.end() && env[found->second] != "HOME=";
  std::vector<std::string> list;
  for (size_t i = 0; i < env.size(); ++i) {
    const absl::string_view name = absl::string_view(env[i]).substr(0, env[i].find('='));
    if (last[name] == i && (name != "HOME" || has_home)) list.push_back(env[i]);
  }
  if (!has_home) list.push_back(absl::StrCat("HOME=", home.empty() ? "/" : home));
  return list;
}

Op ExecOp(const Process& process, const std::string& home, const std::string& at,
          Mistakes& mistakes) {
  if (process.args.empty() || process.args[0].empty()) {
    mistakes.Add(at + "/args", "must not be empty");
  }
  return Exec{process.args, EnvironmentOf(process.env, home)};
}

}  // namespace pelagos::oci
