#include "pelagos/container/kept_streams.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/attach_protocol.h"

namespace pelagos::container {
namespace {

// The container's end blocks, as programs expect; ours does not.
absl::Status Pipe(Fd& ours, Fd& containers, bool we_read) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  ours = Fd(ends[we_read ? 0 : 1]);
  containers = Fd(ends[we_read ? 1 : 0]);
  if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus(errno, "fcntl");
  return absl::OkStatus();
}

}  // namespace

absl::Status KeptStreams::Make(bool terminal, bool open_stdin) {
  terminal_ = terminal;
  sources_[0] = {Fd(), kAttachStdout, store::Stream::kStdout};
  sources_[1] = {Fd(), kAttachStderr, store::Stream::kStderr};
  if (terminal) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(Pipe(sources_[0].fd, out_end_, /*we_read=*/true));
  PELAGOS_RETURN_IF_ERROR(Pipe(sources_[1].fd, err_end_, /*we_read=*/true));
  return open_stdin ? Pipe(input_, in_end_, /*we_read=*/false) : absl::OkStatus();
}

absl::Status KeptStreams::Begin(Fd terminal) {
  in_end_.reset();
  out_end_.reset();
  err_end_.reset();
  if (terminal_) {
    if (::fcntl(terminal.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus(errno, "fcntl");
    sources_[0].fd = std::move(terminal);
  }
  for (Source& source : sources_) Watch(source);
  return absl::OkStatus();
}

void KeptStreams::Watch(Source& source) {
  if (!source.fd.valid()) return;
  uint32_t events = paused_ ? 0u : uint32_t{EPOLLIN};
  // A terminal is both ways.
  const bool writes = terminal_ && &source == &sources_[0] && !pending_.empty();
  if (writes) events |= EPOLLOUT;
  if (events == 0) return loop_.Forget(source.fd.get());
  const absl::Status watched = loop_.Watch(source.fd.get(), events, [this, &source](uint32_t seen) {
    if ((seen & EPOLLOUT) != 0) Flush();
    if ((seen & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || paused_) return;
    if (!ReadSome(source)) Forget(source);
    if (attached_.blocked() && !paused_) {
      paused_ = true;
      for (Source& each : sources_) Watch(each);
    }
  });
  // Without a reader the program must not block on a full pipe: it gets EPIPE instead.
  if (!watched.ok()) Forget(source);
}

void KeptStreams::Forget(Source& source) {
  if (!source.fd.valid()) return;
  loop_.Forget(source.fd.get());
  source.fd.reset();
}

// False at the end of the stream; of a terminal that is EIO (pty(7)).
bool KeptStreams::ReadSome(Source& source, bool* empty) {
  if (!source.fd.valid()) return false;
  char buffer[kMostAttachBytes];
  const ssize_t size = ::read(source.fd.get(), buffer, sizeof(buffer));
  if (size < 0 && errno == EAGAIN && empty != nullptr) *empty = true;
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  const absl::string_view bytes(buffer, static_cast<size_t>(size));
  if (log_ != nullptr) log_->Add(source.stream, bytes);
  attached_.Send(source.kind, bytes);
  return true;
}

void KeptStreams::Resume() {
  if (!paused_) return;
  paused_ = false;
  for (Source& source : sources_) Watch(source);
}

bool KeptStreams::Input(absl::string_view bytes) {
  const bool was_empty = pending_.empty();
  pending_.append(bytes.data(), bytes.size());
  if (was_empty) Flush();
  kept_ = !pending_.empty();
  return !kept_;
}

void KeptStreams::InputEnd() {
  if (terminal_) return;  // a key of its own ends that
  ends_ = true;
  if (pending_.empty()) Flush();
}

void KeptStreams::Flush() {
  const Fd& to = terminal_ ? sources_[0].fd : input_;
  while (to.valid() && !pending_.empty()) {
    const ssize_t written = ::write(to.get(), pending_.data(), pending_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) {  // it reads no more
      pending_.clear();
      if (!terminal_) ends_ = true;
      break;
    }
    pending_.erase(0, static_cast<size_t>(written));
  }
  if (!to.valid()) pending_.clear();
  if (pending_.empty()) {
    pending_.shrink_to_fit();
    if (std::exchange(kept_, false)) attached_.Went();
  }
  if (terminal_) return Watch(sources_[0]);
  if (!input_.valid()) return;
  if (!pending_.empty()) {
    const absl::Status watched = loop_.Watch(input_.get(), EPOLLOUT, [this](uint32_t) { Flush(); });
    if (watched.ok()) return;
    ends_ = true;
  }
  loop_.Forget(input_.get());
  if (ends_) input_.reset();
}

void KeptStreams::Resize(uint16_t rows, uint16_t columns) {
  if (!terminal_ || !sources_[0].fd.valid()) return;
  winsize size = {};
  size.ws_row = rows;
  size.ws_col = columns;
  ::ioctl(sources_[0].fd.get(), TIOCSWINSZ, &size);
}

void KeptStreams::Drain() {
  // A pipe holds a bounded amount; a living writer must not keep us here.
  constexpr int kMostReads = 256;
  for (Source& source : sources_) {
    bool empty = false;
    for (int i = 0; i < kMostReads; ++i) {
      if (!ReadSome(source, &empty) || empty) break;
    }
  }
}

void KeptStreams::Close() {
  for (Source& source : sources_) Forget(source);
  if (input_.valid()) loop_.Forget(input_.get());
  input_.reset();
  pending_.clear();
}

}  // namespace pelagos::container
