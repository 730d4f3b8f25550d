#include "pelagos/compose/member.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/time/clock.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::compose {
namespace {

// The write end blocks, as programs expect of their output; the read end does not.
absl::Status MakePipe(Fd& read_end, Fd& write_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  read_end = Fd(ends[0]);
  write_end = Fd(ends[1]);
  if (::fcntl(read_end.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus(errno, "fcntl");
  return absl::OkStatus();
}

}  // namespace

absl::Status Member::Start(container::Engine& engine, sys::EventLoop& loop,
                           std::function<void()> on_exit) {
  Fd out, err;
  PELAGOS_RETURN_IF_ERROR(MakePipe(out_, out));
  PELAGOS_RETURN_IF_ERROR(MakePipe(err_, err));
  PELAGOS_RETURN_IF_ERROR(sys::MakeFolders(engine.roots().Container(id()), 0700));
  PELAGOS_ASSIGN_OR_RETURN(log_, store::LogWriter::Open(LogFile(engine.roots())));
  started_at_ = absl::Now();
  PELAGOS_ASSIGN_OR_RETURN(started_, engine.Start(std::make_shared<const LaunchPlan>(plan_.launch),
                                                  {.in = -1, .out = out.get(), .err = err.get()}));
  state_ = State::kRunning;
  Relay(loop, out_, store::Stream::kStdout);
  Relay(loop, err_, store::Stream::kStderr);
  const int pidfd = started_->pidfd.get();
  return loop.Watch(pidfd, EPOLLIN, [this, &loop, pidfd, on_exit = std::move(on_exit)](uint32_t) {
    loop.Forget(pidfd);
    const absl::StatusOr<int> code = container::WaitFor(started_->pidfd);
    exit_code_ = code.ok() ? *code : 255;
    DrainOutput();
    for (Fd* pipe : {&out_, &err_}) {
      if (pipe->valid()) loop.Forget(pipe->get());
      pipe->reset();
    }
    log_->Finish(store::Stream::kStdout);
    log_->Finish(store::Stream::kStderr);
    state_ = State::kExited;
    started_->lock.reset();
    started_->ports = net::Reservation();
    started_->uplinks.End();
    on_exit();
  });
}

void Member::Relay(sys::EventLoop& loop, Fd& pipe, store::Stream stream) {
  const absl::Status status =
      loop.Watch(pipe.get(), EPOLLIN, [this, &loop, &pipe, stream](uint32_t) {
        if (!ReadSome(pipe, stream)) {
          loop.Forget(pipe.get());
          pipe.reset();
        }
      });
  // Without a reader the program must not block on a full pipe: it gets EPIPE instead.
  if (!status.ok()) pipe.reset();
}

// False at the end of the stream.
bool Member::ReadSome(Fd& pipe, store::Stream stream) {
  std::array<char, 65536> buffer;
  const ssize_t size = ::read(pipe.get(), buffer.data(), buffer.size());
  if (size > 0) {
    log_->Add(stream, absl::string_view(buffer.data(), static_cast<size_t>(size)));
    return true;
  }
  return size < 0 && (errno == EAGAIN || errno == EINTR);
}

void Member::DrainOutput() {
  const auto drain = [this](Fd& pipe, store::Stream stream) {
    // A pipe holds a bounded amount; a living writer must not keep us here.
    constexpr int kMostReads = 64;
    for (int i = 0; i < kMostReads && pipe.valid(); ++i) {
      std::array<char, 65536> buffer;
      const ssize_t size = ::read(pipe.get(), buffer.data(), buffer.size());
      if (size <= 0) return;
      log_->Add(stream, absl::string_view(buffer.data(), static_cast<size_t>(size)));
    }
  };
  drain(out_, store::Stream::kStdout);
  drain(err_, store::Stream::kStderr);
}

Readiness Member::CheckReady() const {
  const absl::Duration age = absl::Now() - started_at_;
  for (uint16_t port : required_) {
    const Listening listening = FindListenerOf(started_->init.pid, port);
    if (listening != Listening::kYes) {
      return {.ready = false,
              .overdue = age > kRequiredPortTimeout,
              .required = true,
              .port = port,
              .listening = listening};
    }
  }
  for (const PortMapping& mapping : plan_.launch.net.ports) {
    if (mapping.protocol != Protocol::kTcp) continue;
    const Listening listening = FindListenerOf(started_->init.pid, mapping.inside);
    if (listening != Listening::kYes) {
      return {.ready = false,
              .overdue = age > kPublishedPortTimeout,
              .required = false,
              .port = mapping.inside,
              .listening = listening};
    }
  }
  return {.ready = true};
}

absl::Status Member::Signal(int signal) { return sys::Signal(started_->pidfd, signal); }

}  // namespace pelagos::compose
