#include "pelagos/container/monitor.h"

#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/attachments.h"
#include "pelagos/container/background.h"
#include "pelagos/container/claim.h"
#include "pelagos/container/health_probes.h"
#include "pelagos/container/kept_streams.h"
#include "pelagos/container/record_time.h"
#include "pelagos/container/running.h"
#include "pelagos/container/status_text.h"
#include "pelagos/container/stop_mark.h"
#include "pelagos/container/tell.h"
#include "pelagos/container/volumes.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/wait.h"
#include "pelagos/store/log.h"
#include "pelagos/store/own_volumes.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::container {
namespace {

constexpr absl::Duration kFirstBackOff = absl::Milliseconds(100);
constexpr absl::Duration kLongestBackOff = absl::Minutes(1);
constexpr absl::Duration kLongRun = absl::Seconds(10);

// There are many of us, and we mostly wait: what the start needed of heap and stack goes back.
[[gnu::noinline]] void GiveBackMemory() {
  ::malloc_trim(0);
  constexpr uintptr_t kPage = 4096, kKept = 2 * kPage, kMost = 1 << 20;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) & ~(kPage - 1);
  // Below what is in use, as far as it was ever used; what is not mapped there is no matter.
  (void)sys::Call(SYS_madvise, here - kMost, kMost - kKept, MADV_DONTNEED);
}

class Monitor {
 public:
  Monitor(Engine& engine, store::ContainerRecord record, store::ContainerState state, Fd claim,
          sys::EventLoop loop)
      : engine_(engine),
        id_(record.id),
        record_(std::move(record)),
        state_(std::move(state)),
        claim_(std::move(claim)),
        loop_(std::move(loop)),
        attached_(
            loop_,
            {.input = [this](absl::string_view bytes) { return streams_->Input(bytes); },
             .input_end = [this] { streams_->InputEnd(); },
             .window = [this](uint16_t rows, uint16_t columns) { streams_->Resize(rows, columns); },
             .signal = [this](int signal) { Signal(signal); },
             .unblocked = [this] { streams_->Resume(); }}),
        probes_(loop_, engine_, id_) {}

  // The first start; the error is the command's to tell.
  absl::Status Begin(Prepared prepared, MonitorOptions options);
  // Of that start.
  const std::vector<std::string>& warnings() const { return started_->warnings; }
  // Until the container has ended for good, and all who were attached know.
  void Run();

 private:
  absl::Status Start(Prepared prepared, uint16_t rows, uint16_t columns);
  void Signal(int signal);
  void Stop();
  void OnExit();
  void TellEnd();
  void Restart();
  bool WantsRestart() const;
  void Finish();
  void Keep(const absl::Status& status);
  void Save();

  Engine& engine_;
  const std::string id_;
  std::optional<store::ContainerRecord> record_;  // while it is needed: the disk has it
  store::ContainerState state_;
  Fd claim_;
  sys::EventLoop loop_;
  Attachments attached_;
  std::optional<store::LogWriter> log_;
  std::optional<KeptStreams> streams_;
  HealthProbes probes_;
  std::optional<Started> started_;
  image::LayerHold hold_;
  CgroupSteps cgroup_;
  RestartPolicy restart_;
  bool remove_ = false;
  int stop_signal_ = SIGTERM, stop_grace_seconds_ = 10;
  absl::Time started_at_;
  absl::Duration back_off_ = kFirstBackOff;
  std::optional<sys::EventLoop::TimerId> waiting_;  // for the next start
  bool stopping_ = false, done_ = false;
};

// What went wrong on the way is kept where people look.
void Monitor::Keep(const absl::Status& status) {
  if (status.ok()) return;
  if (state_.error.empty()) state_.error = std::string(status.message());
}

void Monitor::Save() {
  // A record that cannot be written makes `ps` old, not the container wrong.
  Keep(store::WriteContainerState(engine_.roots(), id_, state_));
}

absl::Status Monitor::Begin(Prepared prepared, MonitorOptions options) {
  PELAGOS_RETURN_IF_ERROR(
      loop_.WatchSignals({SIGTERM, SIGINT, SIGHUP, SIGQUIT}, [this](int) { Stop(); }));
  PELAGOS_RETURN_IF_ERROR(attached_.Listen(engine_.roots().Container(id_)));
  if (options.client.valid()) PELAGOS_RETURN_IF_ERROR(attached_.Add(std::move(options.client)));
  const store::Roots& roots = engine_.roots();
  const Lifecycle& lifecycle = record_->spec.lifecycle;
  PELAGOS_ASSIGN_OR_RETURN(
      log_, store::LogWriter::Open(
                absl::StrCat(roots.KeptContainer(id_), "/log"), lifecycle.log,
                record_->spec.terminal ? store::LogPieces::kAsItComes : store::LogPieces::kLines));
  restart_ = lifecycle.restart;
  remove_ = lifecycle.remove;
  state_.restarts = 0;
  state_.stopped = false;
  PELAGOS_ASSIGN_OR_RETURN(const uint64_t start_time, sys::StartTime(::getpid()));
  state_.monitor = {::getpid(), start_time};
  return Start(std::move(prepared), options.rows, options.columns);
}

absl::Status Monitor::Start(Prepared prepared, uint16_t rows, uint16_t columns) {
  const ContainerSpec& spec = record_->spec;
  streams_.emplace(loop_, &*log_, attached_);
  PELAGOS_RETURN_IF_ERROR(streams_->Make(spec.terminal, spec.lifecycle.open_stdin));
  PELAGOS_RETURN_IF_ERROR(EnsureVolumes(engine_, id_, spec.mounts, record_->image, CopyUp::kNew));
  ClearStopMark(engine_.roots(), id_);
  hold_ = std::move(prepared.image.hold);
  Streams streams = streams_->containers();
  streams.rows = rows;
  streams.columns = columns;
  const auto plan = std::make_shared<const LaunchPlan>(std::move(prepared.plan));
  cgroup_ = plan->cgroup;
  stop_signal_ = plan->stop_signal;
  stop_grace_seconds_ = plan->stop_grace_seconds;
  started_at_ = absl::Now();
  PELAGOS_ASSIGN_OR_RETURN(started_, engine_.Start(plan, streams, &claim_));
  state_.phase = store::ContainerPhase::kRunning;
  state_.init = started_->init;
  state_.started_at = RecordTime(started_at_);
  state_.finished_at.clear();
  state_.exit_code = 0;
  state_.out_of_memory = false;
  state_.error.clear();
  state_.addresses = started_->addresses;
  state_.cgroup = cgroup_.v2;
  PELAGOS_RETURN_IF_ERROR(store::WriteContainerState(engine_.roots(), id_, state_));
  Tell(engine_.roots(), *record_, store::EventAction::kStart);
  PELAGOS_RETURN_IF_ERROR(streams_->Begin(std::move(started_->terminal)));
  PELAGOS_RETURN_IF_ERROR(probes_.Begin(
      HealthOf(spec.lifecycle.health, record_->image.health).value_or(HealthCheck()), started_at_));
  return loop_.Watch(started_->pidfd.get(), EPOLLIN, [this](uint32_t) { OnExit(); });
}

void Monitor::Run() {
  record_.reset();
  GiveBackMemory();
  absl::Status status = loop_.RunUntil([this] { return done_ && attached_.empty(); });
  if (status.ok()) return;
  // Nobody can be told any more; with us the container ends, and is found lost.
  Keep(status);
  Save();
}

void Monitor::Signal(int signal) {
  // A process that has just ended needs no signal.
  if (started_) sys::Signal(started_->pidfd, signal).IgnoreError();
}

// The machine goes down, or somebody ends us kindly.
void Monitor::Stop() {
  stopping_ = true;
  if (waiting_) {
    loop_.CancelTimer(*waiting_);
    waiting_.reset();
    return Finish();
  }
  if (!started_) return;
  Signal(stop_signal_);
  loop_.AddTimer(absl::Seconds(stop_grace_seconds_), [this] { Signal(SIGKILL); });
}

void Monitor::OnExit() {
  loop_.Forget(started_->pidfd.get());
  probes_.End();
  const absl::StatusOr<launch::ExitStatus> ended = launch::WaitForExit(started_->pidfd);
  Keep(ended.status());
  state_.exit_code = ended.ok() ? ended->code() : 255;
  if (state_.exit_code == 128 + SIGKILL) {
    const absl::StatusOr<uint64_t> kills = launch::OomKills(cgroup_);
    Keep(kills.status());
    state_.out_of_memory = kills.ok() && *kills > 0;
  }
  streams_->Drain();
  streams_->Close();
  log_->Finish(store::Stream::kStdout);
  log_->Finish(store::Stream::kStderr);
  started_.reset();
  state_.finished_at = RecordTime(absl::Now());
  state_.stopped = stopping_ || IsMarkedStopped(engine_.roots(), id_);
  TellEnd();
  if (!WantsRestart()) return Finish();
  if (absl::Now() - started_at_ >= kLongRun) {
    back_off_ = kFirstBackOff;
    state_.restarts = 0;
  }
  state_.phase = store::ContainerPhase::kRestarting;
  Save();
  Keep(engine_.Release(id_));
  waiting_ = loop_.AddTimer(back_off_, [this] {
    waiting_.reset();
    Restart();
  });
  back_off_ = std::min(back_off_ * 2, kLongestBackOff);
}

void Monitor::TellEnd() {
  const auto record = store::ReadContainer(engine_.roots(), id_);
  if (!record.ok()) return;  // `rm` was faster
  if (state_.out_of_memory) Tell(engine_.roots(), *record, store::EventAction::kOom);
  Tell(engine_.roots(), *record, store::EventAction::kDie, state_.exit_code);
}

bool Monitor::WantsRestart() const {
  if (state_.stopped) return false;
  switch (restart_.when) {
    case RestartWhen::kNo:
      return false;
    case RestartWhen::kOnFailure:
      return state_.exit_code != 0 && (restart_.most == 0 || state_.restarts < restart_.most);
    case RestartWhen::kAlways:
    case RestartWhen::kUnlessStopped:
      return true;
  }
  return false;
}

void Monitor::Restart() {
  if (IsMarkedStopped(engine_.roots(), id_)) {
    state_.stopped = true;
    return Finish();
  }
  ++state_.restarts;
  absl::Status status = [&]() -> absl::Status {
    // `update` may have changed it meanwhile.
    PELAGOS_ASSIGN_OR_RETURN(record_, store::ReadContainer(engine_.roots(), id_));
    restart_ = record_->spec.lifecycle.restart;
    PELAGOS_ASSIGN_OR_RETURN(Prepared prepared, PrepareKept(engine_, *record_));
    return Start(std::move(prepared), 0, 0);
  }();
  record_.reset();
  GiveBackMemory();
  if (status.ok()) return;
  state_.error = std::string(status.message());
  state_.exit_code = 125;  // docker-run(1): the runtime itself failed
  Finish();
}

void Monitor::Finish() {
  state_.phase = store::ContainerPhase::kExited;
  if (state_.finished_at.empty()) state_.finished_at = RecordTime(absl::Now());
  Save();
  hold_.clear();
  attached_.StopListening();
  // What cannot be given back now is found, and tried again, by the next command.
  Keep(engine_.Release(id_));
  if (remove_) {
    const auto record = store::ReadContainer(engine_.roots(), id_);
    if (record.ok()) {
      Keep(store::RemoveOwnVolumes(engine_.roots(), record->spec.mounts));
      Tell(engine_.roots(), *record, store::EventAction::kDestroy);
    }
    Keep(store::RemoveContainer(engine_.roots(), id_));
  }
  // Last: whoever waits for the claim finds nothing else of it.
  Keep(RemoveFolder(engine_.roots(), id_));
  claim_.reset();
  if (!remove_ && !state_.error.empty()) Save();
  attached_.Finish(state_.exit_code);
  done_ = true;
  GiveBackMemory();
}

// The monitor's life. `told` takes one status, and is closed.
[[noreturn]] void Live(Engine& engine, const store::ContainerRecord& record,
                       store::ContainerState state, Fd claim, Prepared prepared,
                       MonitorOptions options, Fd told) {
  absl::Status status = GoToBackground();
  absl::StatusOr<sys::EventLoop> loop = sys::EventLoop::Create();
  if (status.ok()) status = loop.status();
  std::optional<Monitor> monitor;
  if (status.ok()) {
    // Not destroyed: the process ends instead.
    monitor.emplace(engine, record, std::move(state), std::move(claim), *std::move(loop));
    status = monitor->Begin(std::move(prepared), std::move(options));
  }
  const std::vector<std::string> warnings =
      status.ok() ? monitor->warnings() : std::vector<std::string>();
  if (!status.ok()) engine.Clean(record.id).IgnoreError();  // the first failure is the one to tell
  const absl::Status said = sys::WriteAll(told, EncodeStatus(status, warnings), "the command");
  told.reset();
  // Without a command that hears it, it was killed: the container is there all the same.
  said.IgnoreError();
  if (!status.ok()) ::_exit(EXIT_FAILURE);
  monitor->Run();
  ::_exit(EXIT_SUCCESS);
}

}  // namespace

absl::Status StartMonitored(Engine& engine, const store::ContainerRecord& record,
                            MonitorOptions options) {
  PELAGOS_ASSIGN_OR_RETURN(Fd claim, Claim(engine.roots(), record.id));
  absl::StatusOr<Prepared> prepared = PrepareKept(engine, record);
  absl::StatusOr<store::ContainerState> state =
      store::ReadContainerState(engine.roots(), record.id);
  int ends[2] = {-1, -1};
  absl::Status status = prepared.ok() ? state.status() : prepared.status();
  if (status.ok() && ::pipe2(ends, O_CLOEXEC) != 0) status = ErrnoStatus(errno, "pipe2");
  Fd hears(ends[0]), told(ends[1]);
  const pid_t pid = status.ok() ? ::fork() : -1;
  if (status.ok() && pid < 0) status = ErrnoStatus(errno, "fork");
  if (!status.ok()) {
    RemoveFolder(engine.roots(), record.id).IgnoreError();
    return status;
  }
  if (pid == 0) {
    hears.reset();
    Live(engine, record, *std::move(state), std::move(claim), *std::move(prepared),
         std::move(options), std::move(told));
  }
  told.reset();
  claim.reset();  // the monitor's from here on
  options.client.reset();
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadAll(hears, 1 << 20, "the monitor"));
  return DecodeStatus(text, options.warnings);
}

}  // namespace pelagos::container
