#include "pelagos/oci/launch_words.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/launch/failure.h"
#include "pelagos/sys/raw.h"

namespace pelagos::oci {

// Clients tell by these words whether it is the program that is missing.
absl::Status WordFailure(const absl::Status& status, const Process& process, bool is_there) {
  const std::string prefix = "unable to start container process: ";
  if (status.ok() || !launch::IsExecFailure(status) || process.args.empty()) {
    return internal::WithContext(status, absl::StripSuffix(prefix, ": "));
  }
  const std::string& name = process.args[0];
  const int error = FindErrno(status).value_or(0);
  const bool is_path = absl::StrContains(name, "/");
  const std::string exec = absl::StrCat(prefix, "exec: \"", name, "\": ");
  if (error == ENOENT && !is_path) {
    return absl::NotFoundError(exec + "executable file not found in $PATH");
  }
  if (error == ENOENT && is_there) {  // what it needs is not
    return absl::NotFoundError(absl::StrCat(prefix, "exec ", name, ": no such file or directory"));
  }
  if (error == ENOENT || error == ENOTDIR) {
    return absl::NotFoundError(absl::StrCat(exec, "stat ", name, ": no such file or directory"));
  }
  if (error == EACCES) return absl::PermissionDeniedError(exec + "permission denied");
  if (error == EISDIR) return absl::PermissionDeniedError(exec + "is a directory: permission denied");
  if (error == ENOEXEC) return absl::InvalidArgumentError(exec + "exec format error");
  return absl::InternalError(absl::StrCat(exec, std::strerror(error)));
}

absl::Status CheckConsole(const Process& process, const std::string& socket, bool kept) {
  if (process.terminal && socket.empty() && !kept) {
    return absl::InvalidArgumentError(
        "cannot allocate tty if runc will detach without setting console socket");
  }
  if (!process.terminal && !socket.empty()) {
    return absl::InvalidArgumentError(
        "cannot use console socket if runc will not detach or allocate tty");
  }
  return absl::OkStatus();
}

absl::Status CheckPreserved(int count) {
  for (int fd = 3; fd < 3 + count; ++fd) {
    if (sys::Call(SYS_fcntl, fd, F_GETFD).ok()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("please check that preserved-fd ", fd - 3, " (of ", count, ") is present"));
  }
  return absl::OkStatus();
}

launch::LaunchIo StreamsOf(const Process& process, int preserved, uint16_t rows, uint16_t columns) {
  launch::LaunchIo io;
  if (!process.terminal) {
    io.stdin_fd = STDIN_FILENO;
    io.stdout_fd = STDOUT_FILENO;
    io.stderr_fd = STDERR_FILENO;
  }
  io.rows = rows;
  io.columns = columns;
  if (process.console_size && rows == 0) {
    io.rows = static_cast<uint16_t>(process.console_size->height);
    io.columns = static_cast<uint16_t>(process.console_size->width);
  }
  io.preserved = preserved;
  return io;
}

}  // namespace pelagos::oci
