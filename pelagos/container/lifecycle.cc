#include "pelagos/container/lifecycle.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "pelagos/abi/signal.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/attach_protocol.h"
#include "pelagos/container/attachments.h"
#include "pelagos/container/claim.h"
#include "pelagos/container/record_time.h"
#include "pelagos/container/running.h"
#include "pelagos/container/stop_mark.h"
#include "pelagos/container/tell.h"
#include "pelagos/container/volumes.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/failure.h"
#include "pelagos/launch/freezer.h"
#include "pelagos/store/own_volumes.h"
#include "pelagos/sys/await_events.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::container {
namespace {

// After a SIGKILL, and for what a monitor has to do at the end.
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr int kForever = -1;

absl::Status NotRunning(const Found& found) {
  return absl::FailedPreconditionError(
      absl::StrCat("container '", found.name, "' is not running (", NameOf(found.status), ")"));
}

absl::Status OnlyKept(const Found& found, absl::string_view what) {
  if (found.kind == Kind::kKept) return absl::OkStatus();
  if (found.kind == Kind::kService) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name, "' belongs to project '", found.project,
                     "' and cannot be ", what, " alone; see 'pelagos compose --help'"));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "container '", found.name, "' goes with the command that runs it, and cannot be ", what,
      "; 'pelagos stop ", found.name, "' ends it"));
}

// Waits for the end of a process, not necessarily a child. False: it lives on.
absl::StatusOr<bool> AwaitEnd(const Fd& pidfd, absl::Duration patience) {
  const int milliseconds =
      patience == absl::InfiniteDuration()
          ? kForever
          : static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(patience), 0, INT_MAX));
  const absl::Status ended = sys::AwaitEvents(pidfd, POLLIN, milliseconds, "");
  if (absl::IsDeadlineExceeded(ended)) return false;
  PELAGOS_RETURN_IF_ERROR(ended);
  return true;
}

// Fine if it has just ended. A monitor in a user namespace of its own may do what we may not.
absl::Status SignalInit(Engine& engine, const Found& found, const Fd& init, int signal) {
  const absl::Status sent = sys::Signal(init, signal);
  if (FindErrno(sent) == ESRCH) return absl::OkStatus();
  if (FindErrno(sent) != EPERM || found.kind != Kind::kKept) return sent;
  PELAGOS_ASSIGN_OR_RETURN(const Fd socket, ConnectAttached(engine.roots(), found.id));
  const char packet[] = {kAttachSignal, static_cast<char>(signal)};
  if (::send(socket.get(), packet, sizeof(packet), MSG_NOSIGNAL) < 0) {
    return ErrnoStatus(errno, "send", "the monitor");
  }
  return absl::OkStatus();
}

// Kills it for good, and waits until its owner has given everything back.
absl::Status KillAndAwait(Engine& engine, const Found& found) {
  const absl::StatusOr<Fd> init = sys::OpenPidfd(found.state.init);
  if (init.ok()) {
    PELAGOS_RETURN_IF_ERROR(SignalInit(engine, found, *init, SIGKILL));
    PELAGOS_ASSIGN_OR_RETURN(const bool ended, AwaitEnd(*init, kPatience));
    if (!ended) {
      return absl::DeadlineExceededError(
          absl::StrCat("container '", found.name, "' was killed and does not end"));
    }
  }
  if (found.kind == Kind::kService) return absl::OkStatus();
  return AwaitUnclaimed(engine.roots(), found.id, kPatience);
}

// One that waits for its next start has nothing to signal: its monitor is told.
absl::Status TellMonitorToEnd(const Found& found) {
  const absl::StatusOr<Fd> monitor = sys::OpenPidfd(found.state.monitor);
  if (!monitor.ok()) return absl::OkStatus();
  const absl::Status sent = sys::Signal(*monitor, SIGTERM);
  return FindErrno(sent) == ESRCH ? absl::OkStatus() : sent;
}

// Kills it for good, or waits for the monitor that was told to end.
absl::Status AwaitGone(Engine& engine, const Found& found) {
  if (found.state.phase != store::ContainerPhase::kRestarting) return KillAndAwait(engine, found);
  return AwaitUnclaimed(engine.roots(), found.id, kPatience);
}

// As it is now.
absl::StatusOr<Found> Again(Engine& engine, const Found& found) {
  if (found.kind != Kind::kKept) return found;
  Found now = found;
  PELAGOS_ASSIGN_OR_RETURN(now.state, store::ReadContainerState(engine.roots(), found.id));
  return now;
}

int StopSignalOf(const Found& found) {
  if (found.record.spec.stop_signal) return *found.record.spec.stop_signal;
  const std::optional<int> of_image = FindSignal(found.record.image.stop_signal);
  return of_image.value_or(SIGTERM);
}

}  // namespace

absl::StatusOr<store::ContainerRecord> Create(Engine& engine, ContainerSpec spec) {
  store::ContainerRecord record;
  PELAGOS_ASSIGN_OR_RETURN(record.id, store::NewContainerId());
  constexpr size_t kShort = 12;
  if (spec.name.empty()) spec.name = absl::StrCat("pelagos-", record.id.substr(0, kShort));
  if (IsClaimed(engine.roots(), spec.name)) {
    return absl::AlreadyExistsError(absl::StrCat("the name '", spec.name,
                                                 "' is in use by a container that runs; stop that "
                                                 "one, or choose another name"));
  }
  spec.id = record.id;
  PELAGOS_ASSIGN_OR_RETURN(FoundImage found, engine.FindImage(spec));
  if (HasUnnamedVolumes(spec.mounts, found.image)) {
    PELAGOS_ASSIGN_OR_RETURN(spec.mounts, NameVolumes(std::move(spec.mounts), found.image));
  }
  for (const auto& [key, value] : found.image.labels) spec.lifecycle.labels.emplace(key, value);
  record.created = RecordTime(absl::Now());
  record.spec = std::move(spec);
  record.image = std::move(found.image);
  record.user = std::move(found.user);
  // Whoever could never be started is not made.
  PELAGOS_RETURN_IF_ERROR(PrepareKept(engine, record).status());
  // Says whose it is until it is whole; what a killed one leaves is found by it.
  PELAGOS_ASSIGN_OR_RETURN(const Fd claim, Claim(engine.roots(), record.id));
  absl::Status created = store::CreateContainer(engine.roots(), record);
  if (created.ok()) {
    created = EnsureVolumes(engine, record.id, record.spec.mounts, record.image, CopyUp::kEmpty);
    if (!created.ok()) {
      // The failure that led here is the one to report.
      store::RemoveOwnVolumes(engine.roots(), record.spec.mounts).IgnoreError();
      store::RemoveContainer(engine.roots(), record.id).IgnoreError();
    }
  }
  const absl::Status freed = RemoveFolder(engine.roots(), record.id);
  PELAGOS_RETURN_IF_ERROR(created);
  PELAGOS_RETURN_IF_ERROR(freed);
  Tell(engine.roots(), record, store::EventAction::kCreate);
  return record;
}

absl::Status Start(Engine& engine, const Found& found, MonitorOptions options) {
  PELAGOS_RETURN_IF_ERROR(OnlyKept(found, "started"));
  absl::Status started = StartMonitored(engine, found.record, std::move(options));
  if (started.ok()) return started;
  if (absl::IsAlreadyExists(started)) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name, "' is already running"));
  }
  if (found.record.spec.lifecycle.remove) {
    // The failure that led here is the one to report; what stays is swept.
    store::RemoveOwnVolumes(engine.roots(), found.record.spec.mounts).IgnoreError();
    store::RemoveContainer(engine.roots(), found.id).IgnoreError();
    return started;
  }
  PELAGOS_ASSIGN_OR_RETURN(store::ContainerState state,
                           store::ReadContainerState(engine.roots(), found.id));
  state.error = std::string(started.message());
  state.exit_code = launch::ExitCodeFor(started);
  if (state.phase != store::ContainerPhase::kCreated) state.phase = store::ContainerPhase::kExited;
  store::WriteContainerState(engine.roots(), found.id, state).IgnoreError();
  return started;
}

absl::StatusOr<AskedToEnd> AskToEnd(Engine& engine, const Found& before,
                                    const StopOptions& options) {
  AskedToEnd asked;
  if (!before.running() && before.status != Status::kRestarting) return asked;
  PELAGOS_RETURN_IF_ERROR(MarkStopped(engine.roots(), before.id));
  // From here on nothing starts it again.
  PELAGOS_ASSIGN_OR_RETURN(asked.found, Again(engine, before));
  const Found& found = *asked.found;
  if (found.state.phase == store::ContainerPhase::kRestarting) {
    PELAGOS_RETURN_IF_ERROR(TellMonitorToEnd(found));
    return asked;
  }
  const absl::Duration patience =
      options.timeout.value_or(absl::Seconds(found.record.spec.stop_grace_seconds));
  asked.kill_at = absl::Now() + patience;
  const absl::StatusOr<Fd> init = sys::OpenPidfd(found.state.init);
  if (!init.ok()) return asked;  // it has just ended
  PELAGOS_RETURN_IF_ERROR(
      SignalInit(engine, found, *init, options.signal.value_or(StopSignalOf(found))));
  // One that stands still takes no signal but that.
  if (before.status == Status::kPaused && options.signal != SIGKILL) {
    PELAGOS_RETURN_IF_ERROR(Unpause(engine, before));
  }
  return asked;
}

absl::Status AwaitStopped(Engine& engine, const AskedToEnd& asked) {
  if (!asked.found) return absl::OkStatus();
  const Found& found = *asked.found;
  if (found.state.phase == store::ContainerPhase::kRestarting) return AwaitGone(engine, found);
  const absl::StatusOr<Fd> init = sys::OpenPidfd(found.state.init);
  if (init.ok()) {
    PELAGOS_RETURN_IF_ERROR(AwaitEnd(*init, asked.kill_at - absl::Now()).status());
  }
  PELAGOS_RETURN_IF_ERROR(AwaitGone(engine, found));
  Tell(engine.roots(), found.record, store::EventAction::kStop);
  return absl::OkStatus();
}

absl::Status Stop(Engine& engine, const Found& found, const StopOptions& options) {
  PELAGOS_ASSIGN_OR_RETURN(const AskedToEnd asked, AskToEnd(engine, found, options));
  return AwaitStopped(engine, asked);
}

absl::Status Restart(Engine& engine, const Found& found, const StopOptions& options) {
  PELAGOS_RETURN_IF_ERROR(OnlyKept(found, "restarted"));
  PELAGOS_RETURN_IF_ERROR(Stop(engine, found, options));
  PELAGOS_RETURN_IF_ERROR(Start(engine, found));
  Tell(engine.roots(), found.record, store::EventAction::kRestart);
  return absl::OkStatus();
}

absl::Status Kill(Engine& engine, const Found& found, int signal) {
  if (!found.running()) return NotRunning(found);
  const absl::StatusOr<Fd> init = sys::OpenPidfd(found.state.init);
  if (!init.ok()) return NotRunning(found);
  if (found.kind == Kind::kKept && (signal == SIGKILL || signal == StopSignalOf(found))) {
    PELAGOS_RETURN_IF_ERROR(MarkStopped(engine.roots(), found.id));
  }
  PELAGOS_RETURN_IF_ERROR(SignalInit(engine, found, *init, signal));
  Tell(engine.roots(), found.record, store::EventAction::kKill, std::nullopt,
       {{"signal", absl::StrCat(signal)}});
  return absl::OkStatus();
}

absl::StatusOr<int> Wait(Engine& engine, const Found& found) {
  if (!found.running() && found.status != Status::kRestarting) return found.state.exit_code;
  if (found.kind != Kind::kKept) {
    const absl::StatusOr<Fd> init = sys::OpenPidfd(found.state.init);
    if (init.ok()) PELAGOS_RETURN_IF_ERROR(AwaitEnd(*init, absl::InfiniteDuration()).status());
    return absl::UnavailableError(absl::StrCat(
        "container '", found.name, "' has ended, and its exit code is known to who ran it alone"));
  }
  const absl::StatusOr<Fd> socket = ConnectAttached(engine.roots(), found.id);
  if (socket.ok()) {
    const char quiet = kAttachQuiet;
    char packet[1 + kMostAttachBytes];
    if (::send(socket->get(), &quiet, 1, MSG_NOSIGNAL) == 1) {
      for (;;) {
        const ssize_t size = ::recv(socket->get(), packet, sizeof(packet), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size == 2 && packet[0] == kAttachExit) return static_cast<uint8_t>(packet[1]);
        if (size <= 0) break;
      }
    }
  }
  // It ended before we could ask, or its monitor was killed.
  PELAGOS_RETURN_IF_ERROR(AwaitUnclaimed(engine.roots(), found.id, kPatience));
  PELAGOS_ASSIGN_OR_RETURN(const store::ContainerState state,
                           store::ReadContainerState(engine.roots(), found.id));
  if (state.phase == store::ContainerPhase::kExited) return state.exit_code;
  return absl::UnavailableError(
      absl::StrCat("container '", found.name, "' is lost: its monitor was killed"));
}

absl::Status Pause(Engine& engine, const Found& found) {
  if (found.status == Status::kPaused) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name, "' is already paused"));
  }
  if (!found.running()) return NotRunning(found);
  if (found.state.cgroup.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name,
                     "' cannot be paused: that takes a cgroup of version 2 (docs/cgroups.md)"));
  }
  PELAGOS_RETURN_IF_ERROR(launch::Freeze(found.state.cgroup, "", true));
  Tell(engine.roots(), found.record, store::EventAction::kPause);
  return absl::OkStatus();
}

absl::Status Unpause(Engine& engine, const Found& found) {
  if (found.status != Status::kPaused) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", found.name, "' is not paused"));
  }
  PELAGOS_RETURN_IF_ERROR(launch::Freeze(found.state.cgroup, "", false));
  Tell(engine.roots(), found.record, store::EventAction::kUnpause);
  return absl::OkStatus();
}

absl::Status Remove(Engine& engine, const Found& before, bool force, bool volumes,
                    const AskedToEnd* asked) {
  PELAGOS_RETURN_IF_ERROR(OnlyKept(before, "removed"));
  if (before.running() || before.status == Status::kRestarting) {
    if (!force) {
      return absl::FailedPreconditionError(
          absl::StrCat("container '", before.name, "' is ", NameOf(before.status),
                       "; use --force to remove it, or 'pelagos stop ", before.name, "' first"));
    }
    AskedToEnd ours;
    if (asked == nullptr) {
      PELAGOS_ASSIGN_OR_RETURN(ours, AskToEnd(engine, before, kKillAtOnce));
      asked = &ours;
    }
    PELAGOS_RETURN_IF_ERROR(AwaitGone(engine, *asked->found));
  }
  // One that has lost its monitor may have lived on, see prctl(2), PR_SET_PDEATHSIG.
  if (before.status == Status::kLost) {
    const absl::StatusOr<Fd> init = sys::OpenPidfd(before.state.init);
    if (init.ok()) PELAGOS_RETURN_IF_ERROR(SignalInit(engine, before, *init, SIGKILL));
  }
  const absl::StatusOr<Fd> claim = Claim(engine.roots(), before.id);
  if (absl::IsAlreadyExists(claim.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat("container '", before.name, "' was started meanwhile"));
  }
  PELAGOS_RETURN_IF_ERROR(claim.status());
  PELAGOS_RETURN_IF_ERROR(engine.Release(before.id));
  // One that was to go with its end takes them along (docker-run(1), --rm).
  if (volumes || before.record.spec.lifecycle.remove) {
    PELAGOS_RETURN_IF_ERROR(store::RemoveOwnVolumes(engine.roots(), before.record.spec.mounts));
  }
  PELAGOS_RETURN_IF_ERROR(store::RemoveContainer(engine.roots(), before.id));
  Tell(engine.roots(), before.record, store::EventAction::kDestroy);
  return RemoveFolder(engine.roots(), before.id);
}

absl::Status Rename(Engine& engine, const Found& found, const std::string& name) {
  PELAGOS_RETURN_IF_ERROR(OnlyKept(found, "renamed"));
  if (IsClaimed(engine.roots(), name)) {
    return absl::AlreadyExistsError(
        absl::StrCat("the name '", name, "' is in use by a container that runs"));
  }
  PELAGOS_RETURN_IF_ERROR(store::RenameContainer(engine.roots(), found.id, name));
  store::ContainerRecord now = found.record;
  now.spec.name = name;
  Tell(engine.roots(), now, store::EventAction::kRename, std::nullopt, {{"oldName", found.name}});
  return absl::OkStatus();
}

absl::Status Update(Engine& engine, const Found& found,
                    const std::function<absl::Status(ContainerSpec&)>& change) {
  PELAGOS_RETURN_IF_ERROR(OnlyKept(found, "changed"));
  store::ContainerRecord record = found.record;
  PELAGOS_RETURN_IF_ERROR(change(record.spec));
  PELAGOS_ASSIGN_OR_RETURN(const Prepared after, PrepareKept(engine, record));
  if (found.running()) {
    PELAGOS_ASSIGN_OR_RETURN(const Prepared before, PrepareKept(engine, found.record));
    if (after.plan.cgroup.v1 != before.plan.cgroup.v1 ||
        after.plan.cgroup.v2 != before.plan.cgroup.v2) {
      return absl::FailedPreconditionError(
          absl::StrCat("container '", found.name,
                       "' was started without the cgroups that this limit needs; stop it first"));
    }
    PELAGOS_RETURN_IF_ERROR(launch::ChangeLimits(after.plan.cgroup.limits));
  }
  PELAGOS_RETURN_IF_ERROR(store::WriteContainer(engine.roots(), record));
  Tell(engine.roots(), record, store::EventAction::kUpdate);
  return absl::OkStatus();
}

}  // namespace pelagos::container
