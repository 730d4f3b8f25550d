#include "pelagos/container/held_exec.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/attachments.h"
#include "pelagos/container/background.h"
#include "pelagos/container/kept_streams.h"
#include "pelagos/container/status_text.h"
#include "pelagos/container/tell_exec.h"
#include "pelagos/launch/wait.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::container {
namespace {

class Holder {
 public:
  explicit Holder(sys::EventLoop loop)
      : loop_(std::move(loop)),
        attached_(
            loop_,
            {.input = [this](absl::string_view bytes) { return streams_->Input(bytes); },
             .input_end = [this] { streams_->InputEnd(); },
             .window = [this](uint16_t rows, uint16_t columns) { streams_->Resize(rows, columns); },
             .signal = [this](int signal) { Signal(signal); },
             .unblocked = [this] { streams_->Resume(); }}),
        streams_(std::in_place, loop_, nullptr, attached_) {}

  // `client` and `leash` are invalid where nobody is there from the beginning.
  absl::Status Begin(Engine& engine, const Found& found, const ExecOptions& options, Fd client,
                     Fd leash) {
    leash_ = std::move(leash);
    PELAGOS_RETURN_IF_ERROR(streams_->Make(/*terminal=*/true, /*open_stdin=*/true));
    if (client.valid()) PELAGOS_RETURN_IF_ERROR(attached_.Add(std::move(client)));
    PELAGOS_ASSIGN_OR_RETURN(launched_, Exec(engine, found, options));
    events_.emplace(engine.roots(), found);
    events_->Started(options.request.command);
    PELAGOS_RETURN_IF_ERROR(streams_->Begin(std::move(launched_->terminal)));
    if (leash_.valid()) {
      PELAGOS_RETURN_IF_ERROR(
          loop_.Watch(leash_.get(), EPOLLIN, [this](uint32_t) { ReadLeash(); }));
    }
    return loop_.Watch(launched_->pidfd.get(), EPOLLIN, [this](uint32_t) { OnExit(); });
  }

  absl::Status Run() {
    return loop_.RunUntil([this] { return !launched_ && attached_.empty(); });
  }

 private:
  void Signal(int signal) {
    // A process that has just ended needs no signal.
    if (launched_) sys::Signal(launched_->pidfd, signal).IgnoreError();
  }

  void ReadLeash() {
    char word = 0;
    const ssize_t size = ::read(leash_.get(), &word, 1);
    if (size < 0 && errno == EINTR) return;
    loop_.Forget(leash_.get());
    if (size != 1) {
      Signal(SIGKILL);
    } else if (launched_) {
      events_->Detached();
    }
  }

  void OnExit() {
    loop_.Forget(launched_->pidfd.get());
    const absl::StatusOr<launch::ExitStatus> ended = launch::WaitForExit(launched_->pidfd);
    launched_.reset();
    streams_->Drain();
    streams_->Close();
    constexpr int kUnknown = 255;
    const int code = ended.ok() ? ended->code() : kUnknown;
    events_->Died(code);
    attached_.Finish(code);
  }

  sys::EventLoop loop_;
  Attachments attached_;
  std::optional<KeptStreams> streams_;
  std::optional<launch::Launched> launched_;
  std::optional<ExecEvents> events_;
  Fd leash_;
};

[[noreturn]] void Live(Engine& engine, const Found& found, const ExecOptions& options, Fd client,
                       Fd leash, Fd told) {
  absl::Status status = GoToBackground();
  absl::StatusOr<sys::EventLoop> loop = sys::EventLoop::Create();
  if (status.ok()) status = loop.status();
  std::optional<Holder> holder;
  if (status.ok()) {
    // Not destroyed: the process ends instead.
    holder.emplace(*std::move(loop));
    status = holder->Begin(engine, found, options, std::move(client), std::move(leash));
  }
  const absl::Status said = sys::WriteAll(told, EncodeStatus(status), "the command");
  told.reset();
  if (!status.ok() || !said.ok()) ::_exit(EXIT_FAILURE);  // with us the process ends
  ::_exit(holder->Run().ok() ? EXIT_SUCCESS : EXIT_FAILURE);
}

absl::StatusOr<std::pair<Fd, Fd>> Pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

}  // namespace

absl::StatusOr<HeldExec> ExecHeld(Engine& engine, const Found& found, const ExecOptions& options) {
  ExecOptions held = options;
  held.streams = {.rows = options.streams.rows, .columns = options.streams.columns};
  held.request.detached = false;  // from the holder, which is
  PELAGOS_ASSIGN_OR_RETURN(auto told, Pipe());
  HeldExec mine;
  Fd client, leash;
  if (!options.request.detached) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
      return ErrnoStatus(errno, "socketpair");
    }
    mine.client = Fd(ends[0]);
    client = Fd(ends[1]);
    PELAGOS_ASSIGN_OR_RETURN(auto pipe, Pipe());
    leash = std::move(pipe.first);
    mine.leash = std::move(pipe.second);
  }
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus(errno, "fork");
  if (pid == 0) {
    told.first.reset();
    mine = {};
    Live(engine, found, held, std::move(client), std::move(leash), std::move(told.second));
  }
  told.second.reset();
  client.reset();
  leash.reset();
  PELAGOS_ASSIGN_OR_RETURN(const std::string text,
                           sys::ReadAll(told.first, 1 << 20, "the terminal's holder"));
  PELAGOS_RETURN_IF_ERROR(DecodeStatus(text));
  return mine;
}

absl::Status LetGo(const Fd& leash) { return sys::WriteAll(leash, "d", "the terminal's holder"); }

}  // namespace pelagos::container
