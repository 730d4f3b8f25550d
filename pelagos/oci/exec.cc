// Runtime::Exec: another process in the namespaces and cgroups of a container that runs.
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/launch/wait.h"
#include "pelagos/oci/console_socket.h"
#include "pelagos/oci/facts.h"
#include "pelagos/oci/freezer.h"
#include "pelagos/oci/launch_words.h"
#include "pelagos/oci/placing.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/resctrl.h"
#include "pelagos/oci/runtime.h"
#include "pelagos/oci/sub_cgroups.h"
#include "pelagos/policy/id_list.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"
#include "pelagos/sys/root_fd.h"

namespace pelagos::oci {
namespace {

// Those that the container has of its own or joined; the mount namespace last, for the paths of the
// others are the host's.
NamespaceJoins JoinsOf(const Config& config, pid_t pid) {
  NamespaceJoins joins;
  if (!config.linux_part) return joins;
  for (const NamespaceEntry& entry : config.linux_part->namespaces) {
    const std::optional<Namespace> kind = FindNamespace(entry.type);
    if (!kind) continue;
    joins.push_back({*kind, absl::StrCat("/proc/", pid, "/ns/", RowOf(*kind).proc_name)});
  }
  std::stable_partition(joins.begin(), joins.end(),
                        [](const NamespaceJoin& join) { return join.kind != Namespace::kMount; });
  return joins;
}

// What a process does not say of itself is the container's.
Process WithDefaults(Process process, const Process& container) {
  if (!process.capabilities) process.capabilities = container.capabilities;
  if (process.rlimits.empty()) process.rlimits = container.rlimits;
  if (process.apparmor_profile.empty()) process.apparmor_profile = container.apparmor_profile;
  if (process.selinux_label.empty()) process.selinux_label = container.selinux_label;
  if (!process.oom_score_adj) process.oom_score_adj = container.oom_score_adj;
  if (!process.io_priority) process.io_priority = container.io_priority;
  if (!process.scheduler) process.scheduler = container.scheduler;
  if (!process.exec_cpu_affinity) process.exec_cpu_affinity = container.exec_cpu_affinity;
  return process;
}

// The program is in the container: what execve(2) misses then is its interpreter.
bool IsThere(const Process& process, pid_t pid) {
  if (process.args.empty() || !absl::StrContains(process.args[0], "/")) return false;
  const std::string& name = process.args[0];
  const auto root = sys::RootFd::Open(absl::StrCat("/proc/", pid, "/root"));
  if (!root.ok()) return false;
  return root->OpenIn(name[0] == '/' ? name : absl::StrCat(process.cwd, "/", name), O_PATH).ok();
}

absl::Status CheckCgroups(const CgroupFolders& folders) {
  const std::string missing = FirstMissing(folders);
  if (missing.empty()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(
      "unable to start container process: error adding pid of the new process to cgroups: '",
      missing, "': no such file or directory"));
}

// execCPUAffinity.initial: of this process, and so of the new one until it has its own.
absl::Status SetInitialCpus(const Process& process) {
  if (!process.exec_cpu_affinity || process.exec_cpu_affinity->initial.empty()) {
    return absl::OkStatus();
  }
  const std::string& text = process.exec_cpu_affinity->initial;
  const std::optional<IdList> cpus = ParseIdList(text);
  constexpr uint32_t kBits = 64;
  std::vector<uint64_t> mask(kMostIds / kBits);
  for (const IdRange& range : cpus.value_or(IdList())) {
    for (uint32_t cpu = range.first; cpu <= range.last; ++cpu) {
      mask[cpu / kBits] |= uint64_t{1} << (cpu % kBits);
    }
  }
  const sys::Result set =
      sys::Call(SYS_sched_setaffinity, 0, mask.size() * sizeof(uint64_t), mask.data());
  return set.ok() ? absl::OkStatus() : ErrnoStatus(set.err, "execCPUAffinity.initial", text);
}

absl::StatusOr<ExecFacts> FactsFor(const Record& record, const Config& config,
                                   const Process& process) {
  ExecFacts facts;
  facts.id = record.id;
  facts.bundle = record.bundle;
  facts.cgroups = record.cgroups;
  facts.joins = JoinsOf(config, record.process.pid);
  const std::string root = absl::StrCat("/proc/", record.process.pid, "/root");
  facts.root = root;
  facts.shares_mounts = SharesMounts(config);
  facts.keyring = record.keyring;
  // Between the user's session and his service manager only systemd moves processes (cgroups(7),
  // "Delegation containment").
  if (record.systemd && record.systemd->user) {
    facts.placed_by = absl::StrCat("systemd, unit ", record.systemd->name);
  }
  facts.home = HomeOf(process, root);
  PELAGOS_ASSIGN_OR_RETURN(facts.host, ReadHost(process, ""));
  return facts;
}

// By systemd, where it must be: into the cgroup, or if the container's own may hold no processes
// any more, to its first process.
std::function<absl::Status(pid_t)> PlaceIn(const Record& record, const std::string& cgroup) {
  return [&record, cgroup](pid_t pid) {
    absl::Status placed = AttachToUnit(record, cgroup, pid);
    if (placed.ok() || cgroup != record.cgroups.v2) return placed;
    const absl::StatusOr<std::string> first = sys::CgroupOfProcess(record.process.pid);
    if (first.ok() && *first != cgroup) placed = AttachToUnit(record, *first, pid);
    return placed;
  };
}

}  // namespace

absl::StatusOr<Fd> Runtime::StartHook(const Record& record, const Config& config, const Hook& hook,
                                      int stdin_fd, int stdout_fd, int stderr_fd) const {
  Process process = config.process.value_or(Process());
  process.args = hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args;
  process.terminal = false;
  PELAGOS_ASSIGN_OR_RETURN(const Fd container, sys::OpenPidfd(record.process));
  PELAGOS_ASSIGN_OR_RETURN(const ExecFacts facts, FactsFor(record, config, process));
  PELAGOS_ASSIGN_OR_RETURN(LaunchPlan plan, PlanExec(config, process, facts));
  auto& exec = std::get<pelagos::Exec>(plan.ops.back());
  exec.path = hook.path;
  if (!hook.env.empty()) exec.env = hook.env;
  launch::LaunchIo io;
  io.stdin_fd = stdin_fd;
  io.stdout_fd = stdout_fd;
  io.stderr_fd = stderr_fd;
  const std::function<absl::Status(pid_t)> place = PlaceIn(record, record.cgroups.v2);
  io.place = &place;
  PELAGOS_ASSIGN_OR_RETURN(launch::Starting starting, launch::Launch(plan, io));
  if (!sys::IsAlive(record.process)) {
    return absl::FailedPreconditionError("the container has stopped");
  }
  PELAGOS_ASSIGN_OR_RETURN(launch::Launched launched, std::move(starting).Start());
  return std::move(launched.pidfd);
}

absl::StatusOr<Running> Runtime::Exec(const ExecOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(options.id));
  const Status status = records_.StatusOf(record);
  if (status == Status::kStopped || status == Status::kCreating) {
    return absl::FailedPreconditionError("cannot exec in a stopped container");
  }
  if (status == Status::kPaused && !options.ignore_paused) {
    return absl::FailedPreconditionError(
        "cannot exec in a paused container (use --ignore-paused to override)");
  }
  PELAGOS_ASSIGN_OR_RETURN(const Config config, records_.ReadConfig(options.id));
  const Process process =
      WithDefaults(options.process, config.process ? *config.process : Process());
  PELAGOS_RETURN_IF_ERROR(CheckConsole(process, options.console_socket, options.keeps_terminal));
  PELAGOS_RETURN_IF_ERROR(CheckPreserved(options.preserved));
  // Before and after the paths of its namespaces are opened: they are this process's.
  PELAGOS_ASSIGN_OR_RETURN(const Fd container, sys::OpenPidfd(record.process));
  PELAGOS_ASSIGN_OR_RETURN(ExecFacts facts, FactsFor(record, config, process));
  PELAGOS_ASSIGN_OR_RETURN(facts.cgroups, SubCgroups(record.cgroups, options.cgroups));
  if (!options.cgroups.empty()) PELAGOS_RETURN_IF_ERROR(CheckCgroups(facts.cgroups));
  PELAGOS_ASSIGN_OR_RETURN(LaunchPlan plan, PlanExec(config, process, facts));
  for (const PlanNote& note : plan.notes) Warn(note.text);
  Show(plan);

  launch::LaunchIo io = StreamsOf(process, options.preserved, options.rows, options.columns);
  const std::function<absl::Status(pid_t)> place = PlaceIn(record, facts.cgroups.v2);
  io.place = &place;
  PELAGOS_RETURN_IF_ERROR(SetInitialCpus(process));
  absl::StatusOr<launch::Starting> starting = launch::Launch(plan, io);
  if (FindErrno(starting.status()) == EBUSY && options.cgroups.empty() && !plan.cgroup.v2.empty()) {
    // A container may have moved its first process into a cgroup below its own, where alone
    // processes can be once that hands controllers down (cgroups(7), "no internal processes").
    PELAGOS_ASSIGN_OR_RETURN(plan.cgroup.v2, sys::CgroupOfProcess(record.process.pid));
    starting = launch::Launch(plan, io);
  }
  if (FindErrno(starting.status()) == EBUSY) {
    return internal::WithContext(starting.status(),
                                 "error adding pid of the new process to cgroups");
  }
  const auto word = [&](const absl::Status& failed) {
    return WordFailure(failed, process, IsThere(process, record.process.pid));
  };
  if (!starting.ok()) return word(starting.status());
  if (!sys::IsAlive(record.process)) {
    return absl::FailedPreconditionError("cannot exec in a stopped container");
  }
  PELAGOS_RETURN_IF_ERROR(JoinResctrl(record.resctrl, starting->pid()));
  absl::StatusOr<launch::Launched> launched = std::move(*starting).Start();
  if (!launched.ok()) return word(launched.status());
  absl::Cleanup end = [&] {
    sys::Signal(launched->pidfd, SIGKILL).IgnoreError();
    launch::WaitForExit(launched->pidfd).IgnoreError();
  };
  if (!options.console_socket.empty()) {
    PELAGOS_RETURN_IF_ERROR(SendConsole(options.console_socket, launched->terminal));
  }
  if (!options.pidfd_socket.empty()) {
    PELAGOS_RETURN_IF_ERROR(SendPidfd(options.pidfd_socket, launched->pidfd));
  }
  if (!options.pid_file.empty()) {
    PELAGOS_RETURN_IF_ERROR(ReplaceFile(options.pid_file, absl::StrCat(launched->pid), 0644));
  }
  std::move(end).Cancel();
  PELAGOS_ASSIGN_OR_RETURN(const sys::ProcessIdentity identity, launched->Identity());
  Running running = {identity, std::move(launched->pidfd), {}};
  if (options.keeps_terminal) running.terminal = std::move(launched->terminal);
  return running;
}

}  // namespace pelagos::oci
