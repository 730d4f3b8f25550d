#include "pelagos/cli/terminal.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <tuple>

#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/write_out.h"

namespace pelagos::cli {
namespace {

constexpr size_t kChunk = 16384;
constexpr size_t kMostPending = 65536;

}  // namespace

absl::Status RawMode::Set(int fd) {
  if (::tcgetattr(fd, &before_) != 0) return ErrnoStatus(errno, "tcgetattr");
  termios raw = before_;
  ::cfmakeraw(&raw);
  if (::tcsetattr(fd, TCSADRAIN, &raw) != 0) return ErrnoStatus(errno, "tcsetattr");
  fd_ = fd;
  return absl::OkStatus();
}

void RawMode::Reassert() {
  if (fd_ < 0) return;
  termios raw = before_;
  ::cfmakeraw(&raw);
  ::tcsetattr(fd_, TCSADRAIN, &raw);
}

void RawMode::Restore() {
  if (fd_ >= 0) ::tcsetattr(fd_, TCSADRAIN, &before_);
  fd_ = -1;
}

std::pair<unsigned short, unsigned short> TerminalSize(int out, int in) {
  winsize size = {};
  if (::ioctl(out, TIOCGWINSZ, &size) != 0 && ::ioctl(in, TIOCGWINSZ, &size) != 0) return {0, 0};
  return {size.ws_row, size.ws_col};
}

absl::Status TerminalRelay::Start(bool interactive) {
  interactive_ = interactive;
  return Rewatch();
}

absl::Status TerminalRelay::Rewatch() {
  if (!master_open_) {
    loop_.Forget(in_);
    return absl::OkStatus();
  }
  const uint32_t events = EPOLLIN | (pending_.empty() ? uint32_t{0} : uint32_t{EPOLLOUT});
  PELAGOS_RETURN_IF_ERROR(loop_.Watch(master_, events, [this](uint32_t ready) {
    if ((ready & EPOLLOUT) != 0) Flush();
    if ((ready & ~uint32_t{EPOLLOUT}) != 0) ReadMaster();
  }));
  if (!interactive_ || pending_.size() >= kMostPending) {
    loop_.Forget(in_);
    return absl::OkStatus();
  }
  return loop_.Watch(in_, EPOLLIN, [this](uint32_t) { ReadInput(); });
}

void TerminalRelay::ReadInput() {
  std::array<char, kChunk> buffer;
  const ssize_t size = ::read(in_, buffer.data(), buffer.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size <= 0) {
    interactive_ = false;  // our terminal is gone
  } else {
    pending_.append(buffer.data(), static_cast<size_t>(size));
  }
  Flush();
}

void TerminalRelay::Flush() {
  while (!pending_.empty()) {
    const ssize_t size = ::write(master_, pending_.data(), pending_.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    pending_.erase(0, static_cast<size_t>(size));
  }
  Rewatch().IgnoreError();  // a descriptor that can be watched once can be again
}

void TerminalRelay::ReadMaster() {
  std::array<char, kChunk> buffer;
  const ssize_t size = ::read(master_, buffer.data(), buffer.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size <= 0) {  // EIO: no process has the other side any more
    master_open_ = false;
    loop_.Forget(master_);
    return Rewatch().IgnoreError();
  }
  WriteOut(out_, absl::string_view(buffer.data(), static_cast<size_t>(size)));
}

void TerminalRelay::Resize() {
  winsize size = {};
  std::tie(size.ws_row, size.ws_col) = TerminalSize(out_, in_);
  if (size.ws_row != 0 || size.ws_col != 0) ::ioctl(master_, TIOCSWINSZ, &size);
}

void TerminalRelay::Drain() { DrainOut(master_, out_); }

}  // namespace pelagos::cli
