#include "pelagos/cli/streams.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <tuple>
#include <utility>

#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/write_out.h"

namespace pelagos::cli {
namespace {

constexpr size_t kChunk = 16384;
constexpr size_t kMostPending = 65536;

// The read end and the write end. Ours is non-blocking, the container's blocks.
absl::StatusOr<std::pair<Fd, Fd>> Pipe(bool read_is_ours) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  std::pair<Fd, Fd> pipe = {Fd(ends[0]), Fd(ends[1])};
  if (::fcntl(ends[read_is_ours ? 0 : 1], F_SETFL, O_NONBLOCK) != 0) {
    return ErrnoStatus(errno, "fcntl");
  }
  return pipe;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StreamRelay>> StreamRelay::Open(bool interactive) {
  std::unique_ptr<StreamRelay> relay(new StreamRelay());
  relay->streams_.out = STDOUT_FILENO;
  relay->streams_.err = STDERR_FILENO;
  relay->streams_.inherited = true;
  if (interactive) {
    relay->streams_.in = STDIN_FILENO;
    if (::isatty(STDIN_FILENO) == 1) PELAGOS_RETURN_IF_ERROR(relay->RelayInput());
  }
  if (::isatty(STDOUT_FILENO) == 1) {
    PELAGOS_RETURN_IF_ERROR(relay->RelayOutput(relay->out_, STDOUT_FILENO));
    relay->streams_.out = relay->out_.containers.get();
  }
  if (::isatty(STDERR_FILENO) == 1) {
    PELAGOS_RETURN_IF_ERROR(relay->RelayOutput(relay->err_, STDERR_FILENO));
    relay->streams_.err = relay->err_.containers.get();
  }
  return relay;
}

absl::Status StreamRelay::RelayInput() {
  PELAGOS_ASSIGN_OR_RETURN(auto pipe, Pipe(/*read_is_ours=*/false));
  std::tie(containers_input_, input_) = std::move(pipe);
  ::signal(SIGPIPE, SIG_IGN);  // a program that reads no more is no reason for us to end
  streams_.in = containers_input_.get();
  input_open_ = true;
  return absl::OkStatus();
}

absl::Status StreamRelay::RelayOutput(Output& output, int to) {
  PELAGOS_ASSIGN_OR_RETURN(auto pipe, Pipe(/*read_is_ours=*/true));
  std::tie(output.ours, output.containers) = std::move(pipe);
  output.to = to;
  return absl::OkStatus();
}

absl::Status StreamRelay::Start(sys::EventLoop& loop) {
  loop_ = &loop;
  containers_input_.reset();
  if (input_.valid()) PELAGOS_RETURN_IF_ERROR(WatchInput());
  for (Output* output : {&out_, &err_}) {
    output->containers.reset();
    if (!output->ours.valid()) continue;
    PELAGOS_RETURN_IF_ERROR(
        loop.Watch(output->ours.get(), EPOLLIN, [this, output](uint32_t) { ReadOutput(*output); }));
  }
  return absl::OkStatus();
}

// What is typed is held back while the container does not read it.
absl::Status StreamRelay::WatchInput() {
  const uint32_t events = pending_.empty() ? uint32_t{0} : uint32_t{EPOLLOUT};
  PELAGOS_RETURN_IF_ERROR(loop_->Watch(input_.get(), events, [this](uint32_t ready) {
    // Which always counts: nobody reads it any more.
    (ready & EPOLLERR) != 0 ? CloseInput() : FlushInput();
  }));
  if (!input_open_ || pending_.size() >= kMostPending) {
    loop_->Forget(STDIN_FILENO);
    return absl::OkStatus();
  }
  return loop_->Watch(STDIN_FILENO, EPOLLIN, [this](uint32_t) { ReadInput(); });
}

void StreamRelay::ReadInput() {
  std::array<char, kChunk> buffer;
  const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size <= 0) {
    input_open_ = false;  // Ctrl-D, or our terminal is gone
  } else {
    pending_.append(buffer.data(), static_cast<size_t>(size));
  }
  FlushInput();
}

void StreamRelay::FlushInput() {
  while (!pending_.empty()) {
    const ssize_t size = ::write(input_.get(), pending_.data(), pending_.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) return CloseInput();
    if (size <= 0) break;
    pending_.erase(0, static_cast<size_t>(size));
  }
  if (!input_open_ && pending_.empty()) return CloseInput();
  WatchInput().IgnoreError();  // a descriptor that can be watched once can be again
}

// The end, for the container's side too.
void StreamRelay::CloseInput() {
  loop_->Forget(STDIN_FILENO);
  loop_->Forget(input_.get());
  input_.reset();
}

void StreamRelay::ReadOutput(Output& output) {
  std::array<char, kChunk> buffer;
  const ssize_t size = ::read(output.ours.get(), buffer.data(), buffer.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size > 0) return WriteOut(output.to, {buffer.data(), static_cast<size_t>(size)});
  loop_->Forget(output.ours.get());
  output.ours.reset();
}

void StreamRelay::Drain() {
  for (Output* output : {&out_, &err_}) {
    if (output->ours.valid()) DrainOut(output->ours.get(), output->to);
  }
}

}  // namespace pelagos::cli
