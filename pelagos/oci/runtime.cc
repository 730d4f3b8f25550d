#include "pelagos/oci/runtime.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/failure.h"
#include "pelagos/launch/waiting.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/oci/facts.h"
#include "pelagos/oci/freezer.h"
#include "pelagos/oci/launch_words.h"
#include "pelagos/oci/placing.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/resctrl.h"
#include "pelagos/oci/run_hooks.h"
#include "pelagos/oci/runtime_parts.h"
#include "pelagos/sys/file.h"

namespace pelagos::oci {
namespace {

// runtime-spec: a limit below what is used already must be refused.
absl::Status CheckUsage(const MemoryLimits& memory, const CgroupFolders& folders) {
  const auto v1 = folders.v1.find("memory");
  const std::string file = v1 != folders.v1.end() ? v1->second + "/memory.usage_in_bytes"
                                                  : folders.v2 + "/memory.current";
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(file, 64));
  int64_t used = 0;
  if (memory.limit.value_or(0) <= 0 || !absl::SimpleAtoi(text, &used)) return absl::OkStatus();
  if (used <= *memory.limit) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("unable to set memory limit to ", *memory.limit,
                                                    " (current usage: ", used, ")"));
}

// False: there was nobody.
absl::StatusOr<bool> SignalAll(const CgroupFolders& folders, int signal) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<pid_t> pids, ProcessesOf(folders));
  for (pid_t pid : pids) {
    const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(pid);
    if (!pidfd.ok()) continue;  // ended meanwhile
    const absl::Status sent = sys::Signal(*pidfd, signal);
    if (!sent.ok() && FindErrno(sent) != ESRCH) return sent;
  }
  return !pids.empty();
}

CgroupSteps FoldersToRemove(const CgroupFolders& folders) {
  CgroupSteps steps;
  steps.v2 = folders.v2;
  for (const auto& [controller, folder] : folders.v1) {
    if (std::find(steps.v1.begin(), steps.v1.end(), folder) == steps.v1.end()) {
      steps.v1.push_back(folder);
    }
  }
  return steps;
}

}  // namespace

void Runtime::Show(const LaunchPlan& plan) const {
  if (!listeners_.debug) return;
  listeners_.debug(absl::StrCat("container ", plan.id, ": ", plan.ops.size(), " steps"));
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    listeners_.debug(absl::StrCat("step ", i, ": ", Describe(plan.ops[i])));
  }
}

absl::Status Runtime::KillAndWait(const Record& record) {
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(record.process);
  if (!pidfd.ok()) return absl::OkStatus();  // it has ended
  const absl::Status sent = sys::Signal(*pidfd, SIGKILL);
  if (!sent.ok() && FindErrno(sent) != ESRCH) return sent;
  // A frozen process of v1 does not die.
  if (IsFrozen(record.cgroups)) PELAGOS_RETURN_IF_ERROR(Freeze(record.cgroups, false));
  return WaitForEnd(*pidfd);
}

absl::Status Runtime::Start(const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, records_.Lock(id));
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  switch (records_.StatusOf(record)) {
    case Status::kCreated:
      break;
    case Status::kStopped:
      return absl::FailedPreconditionError("cannot start a container that has stopped");
    case Status::kRunning:
      return absl::FailedPreconditionError("cannot start an already running container");
    case Status::kCreating:
    case Status::kPaused:
      return absl::FailedPreconditionError(absl::StrCat(
          "cannot start a container in the ", NameOf(records_.StatusOf(record)), " state"));
  }
  Config config;
  if (record.hooks) {
    PELAGOS_ASSIGN_OR_RETURN(config, records_.ReadConfig(id));
  }
  const Hooks& hooks = HooksOf(config);
  const auto stop = [&](const absl::Status& failure) {
    const absl::Status killed = KillAndWait(record);
    if (!killed.ok()) Warn(std::string(killed.message()));
    return failure;
  };
  absl::Status ran = RunStartHooks(hooks.start_container, record, config,
                                   [&](const Hook& hook, int in, int out, int errors) {
                                     return StartHook(record, config, hook, in, out, errors);
                                   });
  if (!ran.ok()) return stop(ran);
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(record.process);
  if (!pidfd.ok()) {
    return absl::FailedPreconditionError("cannot start a container that has stopped");
  }
  const absl::Status resumed = launch::Resume(
      records_.Socket(id), record.process.pid, *pidfd, [&]() -> absl::StatusOr<LaunchPlan> {
        PELAGOS_ASSIGN_OR_RETURN(config, records_.ReadConfig(id));
        const bool by_systemd = record.systemd.has_value();
        PELAGOS_ASSIGN_OR_RETURN(BundleFacts facts,
                                 ReadFacts(id, record.bundle, config, by_systemd));
        if (by_systemd) facts.systemd = UsualServiceManager();
        return PlanBundle(config, facts);
      });
  ::unlink(records_.Socket(id).c_str());
  if (absl::IsNotFound(resumed) && !launch::IsExecFailure(resumed)) {
    return absl::FailedPreconditionError("cannot start an already running container");
  }
  if (!resumed.ok()) {
    return WordFailure(resumed, config.process.value_or(Process()),
                       launch::IsExecveFailure(resumed));
  }
  ran = RunHooks("poststart", hooks.poststart, HookPlace::kHost, record, config,
                 NameOf(Status::kRunning));
  return ran.ok() ? ran : stop(ran);
}

absl::Status Runtime::Kill(const std::string& id, int signal, bool all) {
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  if (all || (signal == SIGKILL && !record.owns_pids)) {
    PELAGOS_ASSIGN_OR_RETURN(const bool any, SignalAll(record.cgroups, signal));
    if (all || any) return absl::OkStatus();
  }
  const Status status = records_.StatusOf(record);
  if (status == Status::kStopped || status == Status::kCreating) {
    return absl::FailedPreconditionError("container not running");
  }
  const absl::StatusOr<Fd> pidfd = sys::OpenPidfd(record.process);
  if (!pidfd.ok()) return absl::FailedPreconditionError("container not running");
  return sys::Signal(*pidfd, signal);
}

// Everything a container had, whatever of it is there. May be repeated; the record goes last.
absl::Status Runtime::Destroy(const Record& record, const Config* config) {
  if (record.systemd) {
    // systemd would wait for processes that are frozen.
    if (IsFrozen(record.cgroups)) PELAGOS_RETURN_IF_ERROR(Freeze(record.cgroups, false));
    // Its cgroup goes anyway, and with it the unit.
    const absl::Status stopped = StopUnit(record);
    if (!stopped.ok()) Warn(std::string(stopped.message()));
  }
  PELAGOS_RETURN_IF_ERROR(launch::RemoveCgroups(FoldersToRemove(record.cgroups)));
  PELAGOS_RETURN_IF_ERROR(RemoveResctrl(record.resctrl));
  if (config != nullptr) {
    for (const std::string& failure : RunAllHooks("poststop", HooksOf(*config).poststop, record,
                                                  *config, NameOf(Status::kStopped))) {
      Warn(failure);
    }
  }
  return records_.Remove(record.id);
}

absl::Status Runtime::Delete(const std::string& id, bool force) {
  const absl::StatusOr<Fd> lock = records_.Lock(id);
  if (absl::IsNotFound(lock.status()) && force) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(lock.status());
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  const Status status = records_.StatusOf(record);
  if (status != Status::kStopped) {
    if (!force) {
      return absl::FailedPreconditionError(
          absl::StrCat("cannot delete container ", id, " that is not stopped: ", NameOf(status)));
    }
    PELAGOS_RETURN_IF_ERROR(KillAndWait(record));
  }
  if (!record.hooks) return Destroy(record, nullptr);
  const absl::StatusOr<Config> config = records_.ReadConfig(id);
  return Destroy(record, config.ok() ? &*config : nullptr);
}

absl::Status Runtime::Pause(const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, records_.Lock(id));
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  const Status status = records_.StatusOf(record);
  if (status != Status::kRunning && status != Status::kCreated) {
    return absl::FailedPreconditionError("container not running");
  }
  return Freeze(record.cgroups, true);
}

absl::Status Runtime::Resume(const std::string& id) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, records_.Lock(id));
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  const bool alive = records_.StatusOf(record) != Status::kStopped;
  if (!alive || !IsFrozen(record.cgroups)) {
    return absl::FailedPreconditionError("container not paused");
  }
  return Freeze(record.cgroups, false);
}

absl::Status Runtime::Update(const std::string& id, const Resources& resources) {
  PELAGOS_ASSIGN_OR_RETURN(const Fd lock, records_.Lock(id));
  PELAGOS_ASSIGN_OR_RETURN(const Record record, records_.Read(id));
  if (records_.StatusOf(record) == Status::kStopped) {
    return absl::FailedPreconditionError("container not running");
  }
  Mistakes mistakes;
  if (!resources.devices.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(const Config config, records_.ReadConfig(id));
    const bool same = config.linux_part && config.linux_part->resources &&
                      config.linux_part->resources->devices == resources.devices;
    if (!same) mistakes.Add("/devices", "cannot be changed while the container runs");
  }
  const std::vector<CgroupWrite> writes = LimitWrites(resources, record.cgroups, "", mistakes);
  PELAGOS_RETURN_IF_ERROR(mistakes.status());
  if (resources.memory && resources.memory->check_before_update.value_or(false)) {
    PELAGOS_RETURN_IF_ERROR(CheckUsage(*resources.memory, record.cgroups));
  }
  // systemd writes its own first, when it hears of them.
  if (record.systemd) PELAGOS_RETURN_IF_ERROR(UpdateUnit(record, resources));
  return launch::ChangeLimits(writes);
}

}  // namespace pelagos::oci
