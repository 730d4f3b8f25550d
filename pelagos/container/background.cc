#include "pelagos/container/background.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/file.h"

namespace pelagos::container {
namespace {

void CloseInherited() {
  const absl::StatusOr<std::vector<std::string>> names = sys::ListFolder("/proc/self/fd");
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    int fd = -1;
    if (!absl::SimpleAtoi(name, &fd) || fd <= STDERR_FILENO) continue;
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) ::close(fd);
  }
}

}  // namespace

absl::Status GoToBackground() {
  CloseInherited();
  if (::setsid() < 0) return ErrnoStatus(errno, "setsid");
  PELAGOS_ASSIGN_OR_RETURN(const Fd null, sys::OpenFile("/dev/null", O_RDWR));
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::dup2(null.get(), fd) < 0) return ErrnoStatus(errno, "dup2");
  }
  if (::chdir("/") != 0) return ErrnoStatus(errno, "chdir", "/");
  ::signal(SIGPIPE, SIG_IGN);
  return absl::OkStatus();
}

}  // namespace pelagos::container
