// A container on its way: from its first process to its program.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/between.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/channel.h"
#include "pelagos/launch/child_plan.h"
#include "pelagos/launch/failure.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/launch/listener.h"
#include "pelagos/launch/step_laps.h"
#include "pelagos/launch/wait.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::launch {
namespace {

bool Awaits(const LaunchPlan& plan) {
  return std::any_of(plan.ops.begin(), plan.ops.end(),
                     [](const Op& op) { return std::holds_alternative<AwaitStart>(op); });
}

}  // namespace

Starting::Starting(std::shared_ptr<const LaunchPlan> plan, pid_t pid, Fd pidfd, Fd channel)
    : plan_(std::move(plan)), pid_(pid), pidfd_(std::move(pidfd)), channel_(std::move(channel)) {}

Starting& Starting::operator=(Starting&& other) noexcept {
  if (this != &other) {
    Abandon();
    plan_ = std::move(other.plan_);
    pid_ = other.pid_;
    pidfd_ = std::move(other.pidfd_);
    channel_ = std::move(other.channel_);
    terminal_ = std::move(other.terminal_);
    at_hooks_ = other.at_hooks_;
    laps_ = other.laps_;
    steps_ = std::move(other.steps_);
  }
  return *this;
}

Starting::~Starting() { Abandon(); }

// Does not report: whoever drops a Starting has its own failure to tell. What cannot be removed is
// found by the container's id later.
void Starting::Abandon() {
  if (plan_ == nullptr) return;
  channel_.reset();
  sys::Signal(pidfd_, SIGKILL).IgnoreError();
  WaitForExit(pidfd_).IgnoreError();
  RemoveCgroups(plan_->cgroup).IgnoreError();
  plan_ = nullptr;
}

absl::StatusOr<Fd> Starting::network_namespace() const {
  // The child is not reaped yet: its pid is still its own.
  return sys::OpenFile(absl::StrCat("/proc/", pid_, "/ns/net"), O_RDONLY);
}

// user_namespaces(7): by us, who have the rights in the namespace above. The process is not reaped
// yet, so that its pid is its own.
absl::Status Starting::WriteIdMaps() {
  const std::string path = absl::StrCat("/proc/", pid_);
  PELAGOS_ASSIGN_OR_RETURN(const Fd folder, sys::OpenFile(path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  for (const auto& [name, ranges] :
       {std::pair("uid_map", plan_->ids.uids), std::pair("gid_map", plan_->ids.gids)}) {
    const sys::Result opened =
        sys::Call(SYS_openat, folder.get(), name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (!opened.ok()) return ErrnoStatus(opened.err, "open", absl::StrCat(path, "/", name));
    const Fd file(static_cast<int>(opened.value));
    const std::string text = IdMapFileText(ranges);
    const sys::Result written = sys::Call(SYS_write, file.get(), text.data(), text.size());
    if (!written.ok()) {
      return ErrnoStatus(written.err, absl::StrCat("writing ", IdMapText(ranges), " to ", name));
    }
  }
  return Go(channel_);
}

absl::Status Starting::TakeListener(const LaunchPlan& plan, const ChildReport& report) {
  const InstallSeccomp* op = report.index < plan.ops.size()
                                 ? std::get_if<InstallSeccomp>(&plan.ops[report.index])
                                 : nullptr;
  if (op == nullptr) return absl::InternalError("a listener of no filter");
  PELAGOS_RETURN_IF_ERROR(HandOverListener(plan, *op, pid_, pidfd_, report.error));
  return Go(channel_);
}

absl::Status Starting::Reach() {
  for (;;) {
    ChildReport report;
    const sys::Result got = Receive(channel_, report, terminal_);
    if (got.err == ECONNRESET) continue;  // as below
    if (!got.ok()) return ErrnoStatus(got.err, "read");
    if (got.value != sizeof(report)) break;
    switch (report.kind) {
      case ReportKind::kReached:
        return absl::OkStatus();
      case ReportKind::kFailed:
        return WordFailure(*plan_, report);
      case ReportKind::kListener:
        PELAGOS_RETURN_IF_ERROR(TakeListener(*plan_, report));
        break;
      case ReportKind::kExecuting:
      case ReportKind::kTerminal:
      case ReportKind::kCloned:
        break;
    }
  }
  absl::StatusOr<ExitStatus> exit = WaitForExit(pidfd_);
  return absl::AbortedError(absl::StrCat(
      "the container's first process ended before its program ran",
      exit.ok() ? absl::StrCat(exit->signaled ? ": signal " : ": exit code ", exit->value) : ""));
}

absl::Status Starting::ReachHooks() {
  if (plan_ == nullptr) return absl::FailedPreconditionError("this container was started before");
  PELAGOS_RETURN_IF_ERROR(Reach(), NameOf(*plan_));
  at_hooks_ = true;
  return absl::OkStatus();
}

absl::StatusOr<Launched> Starting::Create() && {
  const std::shared_ptr<const LaunchPlan> plan = plan_;
  if (plan == nullptr) return absl::FailedPreconditionError("this container was started before");
  absl::Cleanup abandon = [this] { Abandon(); };
  if (at_hooks_) PELAGOS_RETURN_IF_ERROR(Go(channel_), plan->id);
  PELAGOS_RETURN_IF_ERROR(Reach(), plan->id);
  std::move(abandon).Cancel();
  plan_ = nullptr;
  return Launched{pid_, std::move(pidfd_), std::move(terminal_)};
}

absl::StatusOr<Launched> Starting::Start() && {
  const std::shared_ptr<const LaunchPlan> plan = plan_;
  if (plan == nullptr) return absl::FailedPreconditionError("this container was started before");
  absl::Cleanup abandon = [this] { Abandon(); };
  if (Awaits(*plan)) PELAGOS_RETURN_IF_ERROR(Go(channel_), plan->id);
  bool executing = false;
  Fd terminal;
  for (;;) {
    ChildReport report;
    const sys::Result got = Receive(channel_, report, terminal);
    // The kernel says so once, and first, if the child ended without having read our byte; what the
    // child wrote comes after (unix(7)).
    if (got.err == ECONNRESET) continue;
    if (!got.ok()) return internal::WithContext(ErrnoStatus(got.err, "read"), NameOf(*plan));
    if (got.value == 0) break;
    if (got.value != sizeof(report)) {
      return absl::InternalError(absl::StrCat(plan->id, ": a report of the child is cut short"));
    }
    if (report.kind == ReportKind::kFailed) {
      return internal::WithContext(WordFailure(*plan, report), NameOf(*plan));
    }
    if (report.kind == ReportKind::kListener) {
      PELAGOS_RETURN_IF_ERROR(TakeListener(*plan, report), plan->id);
    } else if (report.kind == ReportKind::kExecuting) {
      executing = true;
    }
  }
  if (!executing) {
    absl::StatusOr<ExitStatus> exit = WaitForExit(pidfd_);
    return absl::AbortedError(absl::StrCat(
        plan->id, ": the container's first process ended before its program ran",
        exit.ok() ? absl::StrCat(exit->signaled ? ": signal " : ": exit code ", exit->value) : ""));
  }
  std::move(abandon).Cancel();
  plan_ = nullptr;
  if (steps_ != nullptr) {
    steps_->AddTo(*laps_, *plan);
    laps_->Lap("execve, and the filter before it");
  }
  return Launched{pid_, std::move(pidfd_), std::move(terminal)};
}

}  // namespace pelagos::launch
