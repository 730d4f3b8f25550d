#include "pelagos/container/health_probes.h"

#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/time/clock.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/probe.h"
#include "pelagos/container/tell.h"
#include "pelagos/sys/process.h"

namespace pelagos::container {

absl::Status HealthProbes::Begin(const HealthCheck& check, absl::Time started) {
  End();
  check_ = check;
  started_ = started;
  status_ = HealthStatus::kStarting;
  if (check_.command.empty()) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(WriteHealth(engine_.roots(), id_, Health()));
  Wait();
  return absl::OkStatus();
}

void HealthProbes::Wait() {
  timer_ = loop_.AddTimer(UntilNextProbe(check_, status_, absl::Now() - started_), [this] {
    timer_.reset();
    Probe();
  });
}

void HealthProbes::Probe() {
  pid_ = ::fork();
  if (pid_ == 0) ::_exit(RunProbe(engine_, id_));
  absl::StatusOr<Fd> pidfd = pid_ < 0 ? ErrnoStatus(errno, "fork") : sys::OpenPidfd(pid_);
  if (pidfd.ok()) {
    pidfd_ = *std::move(pidfd);
    if (loop_.Watch(pidfd_.get(), EPOLLIN, [this](uint32_t) { OnEnd(); }).ok()) return;
  }
  // Too many processes or descriptors are there: at another time.
  End();
  Wait();
}

void HealthProbes::OnEnd() {
  loop_.Forget(pidfd_.get());
  pidfd_.reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (const absl::StatusOr<Health> health = ReadHealth(engine_.roots(), id_); health.ok()) {
    if (std::exchange(status_, health->status) != health->status) {
      const auto record = store::ReadContainer(engine_.roots(), id_);
      if (record.ok()) {
        Tell(engine_.roots(), *record, store::EventAction::kHealthStatus, std::nullopt, {},
             NameOf(status_));
      }
    }
  }
  Wait();
}

void HealthProbes::End() {
  if (timer_) loop_.CancelTimer(*timer_);
  timer_.reset();
  if (pid_ <= 0) return;
  if (pidfd_.valid()) {
    loop_.Forget(pidfd_.get());
    // One that has just ended needs none.
    sys::Signal(pidfd_, SIGKILL).IgnoreError();
    pidfd_.reset();
  }
  // Without a pidfd it has its own end, the check's timeout.
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace pelagos::container
