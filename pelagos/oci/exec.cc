// Runtime::Exec: another process in the namespaces and cgroups of a container that runs.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/launch/wait.h"
#include "pelagos/oci/console_socket.h"
#include "pelagos/oci/facts.h"
#include "pelagos/oci/freezer.h"
#include "pelagos/oci/launch_words.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/runtime.h"
#include "pelagos/oci/sub_cgroups.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"

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

// A container may have moved its first process into a cgroup below its own, where alone processes
// can be once that hands controllers down (cgroups(7), "no internal processes").
absl::StatusOr<std::string> FirstProcessCgroup(pid_t pid) {
  PELAGOS_ASSIGN_OR_RETURN(const sys::CgroupMounts mounts, sys::ReadCgroupMounts());
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           sys::ReadFile(absl::StrCat("/proc/", pid, "/cgroup"), 1 << 16));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, "0::")) return absl::StrCat(mounts.v2_mount, line);
  }
  return absl::NotFoundError("the container's first process is in no cgroup of v2");
}

absl::Status CheckCgroups(const CgroupFolders& folders) {
  const std::string missing = FirstMissing(folders);
  if (missing.empty()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(
      "unable to start container process: error adding pid of the new process to cgroups: '",
      missing, "': no such file or directory"));
}

}  // namespace

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
  ExecFacts facts;
  facts.id = options.id;
  facts.bundle = record.bundle;
  PELAGOS_ASSIGN_OR_RETURN(facts.cgroups, SubCgroups(record.cgroups, options.cgroups));
  if (!options.cgroups.empty()) PELAGOS_RETURN_IF_ERROR(CheckCgroups(facts.cgroups));
  facts.joins = JoinsOf(config, record.process.pid);
  if (JoinsMounts(config)) facts.root = absl::StrCat("/proc/", record.process.pid, "/root");
  facts.keyring = record.keyring;
  facts.home = HomeOf(process, absl::StrCat("/proc/", record.process.pid, "/root"));
  PELAGOS_ASSIGN_OR_RETURN(facts.host, ReadHost(process, ""));
  PELAGOS_ASSIGN_OR_RETURN(LaunchPlan plan, PlanExec(config, process, facts));
  for (const PlanNote& note : plan.notes) Warn(note.text);
  Show(plan);

  const launch::LaunchIo io = StreamsOf(process, options.preserved, options.rows, options.columns);
  absl::StatusOr<launch::Starting> starting = launch::Launch(plan, io);
  if (FindErrno(starting.status()) == EBUSY && options.cgroups.empty() && !plan.cgroup.v2.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(plan.cgroup.v2, FirstProcessCgroup(record.process.pid));
    starting = launch::Launch(plan, io);
  }
  if (FindErrno(starting.status()) == EBUSY) {
    return internal::WithContext(starting.status(),
                                 "error adding pid of the new process to cgroups");
  }
  if (!starting.ok()) return WordFailure(starting.status(), process);
  if (!sys::IsAlive(record.process)) {
    return absl::FailedPreconditionError("cannot exec in a stopped container");
  }
  absl::StatusOr<launch::Launched> launched = std::move(*starting).Start();
  if (!launched.ok()) return WordFailure(launched.status(), process);
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
