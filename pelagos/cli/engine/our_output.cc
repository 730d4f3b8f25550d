#include "pelagos/cli/engine/our_output.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/raw.h"

namespace pelagos::cli {
namespace {

// pipe(7): a pipe that is writable takes this much.
constexpr size_t kCertain = PIPE_BUF;

bool IsWritable(int fd) {
  pollfd ask = {fd, POLLOUT, 0};
  return ::poll(&ask, 1, 0) == 1;
}

}  // namespace

OurOutput::OurOutput(int fd) : fd_(fd) {
  struct stat info = {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    fd_ = -1;
    return;
  }
  is_socket_ = S_ISSOCK(info.st_mode);
  // The master of a terminal, opened anew, would be another terminal's.
  int number = 0;
  const bool is_terminal = S_ISCHR(info.st_mode) && ::ioctl(fd, TIOCGPTN, &number) != 0;
  if (!S_ISFIFO(info.st_mode) && !is_terminal) return;
  absl::StatusOr<Fd> anew =
      sys::OpenFile(absl::StrCat("/proc/self/fd/", fd), O_WRONLY | O_NONBLOCK | O_NOCTTY);
  if (anew.ok()) {
    own_ = *std::move(anew);
  } else {
    waits_ = true;
  }
}

absl::StatusOr<bool> OurOutput::Write(absl::string_view& text) {
  while (fd_ >= 0 && !text.empty()) {
    if (waits_ && !IsWritable(fd_)) return false;
    const size_t size = waits_ ? std::min(text.size(), kCertain) : text.size();
    const sys::Result written = is_socket_ ? sys::Call(SYS_sendto, fd_, text.data(), size,
                                                       MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0)
                                           : sys::Call(SYS_write, fd(), text.data(), size);
    if (written.err == EAGAIN) return false;
    // EIO: of a terminal that was hung up.
    if (written.err == EPIPE || written.err == ECONNRESET || written.err == EIO) {
      return absl::AbortedError("nobody reads our output any more");
    }
    if (!written.ok()) return ErrnoStatus(written.err, "writing our output");
    text.remove_prefix(static_cast<size_t>(written.value));
  }
  text = {};
  return true;
}

}  // namespace pelagos::cli
