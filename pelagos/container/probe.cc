#include "pelagos/container/probe.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/exec.h"
#include "pelagos/container/record_time.h"
#include "pelagos/launch/wait.h"
#include "pelagos/store/events.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/raw.h"

namespace pelagos::container {
namespace {

constexpr int kNoCode = -1;  // Docker's, of a check that did not end by itself
constexpr char kCut[] = "...";

// The check's two streams, one after the other as they came.
class Output {
 public:
  absl::Status Open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
    ours_ = Fd(ends[0]);
    checks_ = Fd(ends[1]);
    return ::fcntl(ours_.get(), F_SETFL, O_NONBLOCK) == 0 ? absl::OkStatus()
                                                          : ErrnoStatus(errno, "fcntl");
  }
  int containers() const { return checks_.get(); }
  const Fd& ours() const { return ours_; }
  void Started() { checks_.reset(); }

  // What there is; more than is kept is read too, so that the check does not wait. False at the
  // end.
  bool Read() {
    std::array<char, kMostProbeOutput> buffer;
    const sys::Result got = sys::Call(SYS_read, ours_.get(), buffer.data(), buffer.size());
    if (!got.ok()) return got.err == EAGAIN;
    const size_t room = kMostProbeOutput - text_.size();
    const size_t size = static_cast<size_t>(got.value);
    if (size > room) cut_ = true;
    text_.append(buffer.data(), std::min(size, room));
    return size > 0;
  }
  // What lies there by now; who writes without end must not keep us.
  void Drain() {
    constexpr int kMostReads = 32;
    for (int i = 0; i < kMostReads && Read(); ++i) {
    }
  }
  std::string Text() && {
    if (cut_) text_.replace(text_.size() - (sizeof(kCut) - 1), std::string::npos, kCut);
    return std::move(text_);
  }

 private:
  Fd ours_, checks_;
  std::string text_;
  bool cut_ = false;
};

// The exit code of the check; nullopt: its time was up.
absl::StatusOr<std::optional<int>> RunCheck(Engine& engine, const Found& found,
                                            const HealthCheck& check, Output& output) {
  PELAGOS_ASSIGN_OR_RETURN(sys::EventLoop loop, sys::EventLoop::Create());
  ExecOptions options;
  options.request.command = check.command;
  options.streams.out = options.streams.err = output.containers();
  PELAGOS_ASSIGN_OR_RETURN(const launch::Launched launched, Exec(engine, found, options));
  output.Started();
  absl::Cleanup kill = [&] {
    sys::Signal(launched.pidfd, SIGKILL).IgnoreError();
    launch::WaitForExit(launched.pidfd).IgnoreError();
  };
  bool ended = false, late = false;
  PELAGOS_RETURN_IF_ERROR(
      loop.Watch(launched.pidfd.get(), EPOLLIN, [&](uint32_t) { ended = true; }));
  PELAGOS_RETURN_IF_ERROR(loop.Watch(output.ours().get(), EPOLLIN, [&](uint32_t) {
    if (!output.Read()) loop.Forget(output.ours().get());
  }));
  loop.AddTimer(absl::Nanoseconds(check.timeout_ns), [&] { late = true; });
  PELAGOS_RETURN_IF_ERROR(loop.RunUntil([&] { return ended || late; }));
  output.Drain();
  if (!ended) return std::optional<int>();
  std::move(kill).Cancel();
  PELAGOS_ASSIGN_OR_RETURN(const launch::ExitStatus exit, launch::WaitForExit(launched.pidfd));
  return std::optional<int>(exit.code());
}

// Reads, changes and writes health.json while nobody else does.
absl::StatusOr<Health> Keep(const store::Roots& roots, const Found& found, const HealthCheck& check,
                            ProbeResult result) {
  PELAGOS_ASSIGN_OR_RETURN(
      const Fd lock, sys::LockFile(absl::StrCat(roots.KeptContainer(found.id), "/health.lock"),
                                   sys::LockMode::kWait));
  // What cannot be read is begun anew.
  Health health = ReadHealth(roots, found.id).value_or(Health());
  const HealthStatus before = health.status;
  Add(std::move(result), check, ParseRecordTime(found.state.started_at).value_or(absl::Now()),
      health);
  PELAGOS_RETURN_IF_ERROR(WriteHealth(roots, found.id, health));
  if (health.status != before) {
    store::Event event;
    event.action = store::EventAction::kHealthStatus;
    event.detail = std::string(NameOf(health.status));
    event.id = found.id;
    event.name = found.name;
    event.image = found.record.spec.image;
    event.attributes = found.record.spec.lifecycle.labels;
    // A journal that cannot be written stops nobody.
    store::AppendEvent(roots, std::move(event)).IgnoreError();
  }
  return health;
}

}  // namespace

absl::StatusOr<Health> Probe(Engine& engine, const Found& found) {
  const std::optional<HealthCheck> check =
      HealthOf(found.record.spec.lifecycle.health, found.record.image.health);
  if (!check) {
    return absl::FailedPreconditionError(absl::StrCat(
        "container '", found.name, "' has no health check (--health-cmd of run gives one)"));
  }
  if (!found.running() || found.kind != Kind::kKept) {
    return absl::FailedPreconditionError(absl::StrCat(
        "container '", found.name, "' is ",
        found.kind == Kind::kKept ? NameOf(found.status) : "not kept: it has no health"));
  }
  ProbeResult result;
  result.start = absl::Now();
  Output output;
  PELAGOS_RETURN_IF_ERROR(output.Open());
  const absl::StatusOr<std::optional<int>> code = RunCheck(engine, found, *check, output);
  result.end = absl::Now();
  if (!code.ok()) {
    // A container that has ended meanwhile was not asked.
    if (absl::IsFailedPrecondition(code.status())) return code.status();
    result.exit_code = kNoCode;
    result.output = std::string(code.status().message().substr(0, kMostProbeOutput));
  } else if (!*code) {
    result.exit_code = kNoCode;
    result.output = absl::StrCat("Health check exceeded timeout (",
                                 absl::FormatDuration(absl::Nanoseconds(check->timeout_ns)),
                                 "): ", std::move(output).Text());
    result.output.resize(std::min(result.output.size(), kMostProbeOutput));
  } else {
    result.exit_code = **code;
    result.output = std::move(output).Text();
  }
  return Keep(engine.roots(), found, *check, std::move(result));
}

int RunProbe(Engine& engine, const std::string& id) {
  constexpr int kHealthy = 0, kFailing = 1;
  const pid_t parent = ::getppid();
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) return kFailing;
  const absl::StatusOr<Found> found = Inventory(engine.roots()).Find(id);
  if (!found.ok()) return kFailing;
  const absl::StatusOr<Health> health = Probe(engine, *found);
  return health.ok() && health->log.back().exit_code == 0 ? kHealthy : kFailing;
}

}  // namespace pelagos::container
