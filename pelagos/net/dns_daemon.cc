#include "pelagos/net/dns_daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/dns/control.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::net {
namespace {

constexpr absl::Duration kAnswerTime = absl::Seconds(10);
constexpr absl::Duration kEndTime = absl::Seconds(5);
constexpr int kReadyFd = 3;  // in the daemon

// Waits until `fd` is readable (a pidfd: until the process has ended). False at the deadline.
absl::StatusOr<bool> WaitFor(const Fd& fd, absl::Time deadline) {
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    pollfd wait{fd.get(), POLLIN, 0};
    const int count = ::poll(&wait, 1, left < 0 ? 0 : static_cast<int>(left) + 1);
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno != EINTR) return ErrnoStatus(errno, "poll");
  }
}

// Reads to the end; "ok\n" is good, everything else is the daemon's word for what is wrong.
absl::Status ReadAnswer(const Fd& fd) {
  const absl::Time deadline = absl::Now() + kAnswerTime;
  std::string answer;
  for (;;) {
    PELAGOS_ASSIGN_OR_RETURN(bool ready, WaitFor(fd, deadline));
    if (!ready) {
      return absl::DeadlineExceededError(
          absl::StrCat("pelagos-dns did not answer within ", absl::FormatDuration(kAnswerTime)));
    }
    char buffer[1024];
    const ssize_t size = ::read(fd.get(), buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return ErrnoStatus(errno, "read", "pelagos-dns");
    if (size == 0) break;
    answer.append(buffer, static_cast<size_t>(size));
  }
  if (answer == kControlOk) return absl::OkStatus();
  if (answer.empty()) return absl::AbortedError("pelagos-dns ended without a word");
  return absl::UnknownError(absl::StrCat("pelagos-dns: ", absl::StripAsciiWhitespace(answer)));
}

// NotFound if nobody listens.
absl::StatusOr<Fd> ConnectControl(const std::string& folder) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "socket", "unix");
  PELAGOS_ASSIGN_OR_RETURN(ControlAddress address, ControlAddress::In(folder));
  if (::connect(fd.get(), address.get(), address.size()) == 0) return fd;
  if (errno == ENOENT || errno == ECONNREFUSED) return absl::NotFoundError("pelagos-dns is not up");
  return ErrnoStatus(errno, "connect", absl::StrCat(folder, "/control"));
}

// Makes the daemon read its folder. NotFound if there is none, or if it ends instead of answering:
// it goes when no network has names left, which may be while we ask.
absl::Status Ask(const std::string& folder) {
  PELAGOS_ASSIGN_OR_RETURN(Fd control, ConnectControl(folder));
  const absl::Status status = ReadAnswer(control);
  if (absl::IsAborted(status) || FindErrno(status) == ECONNRESET) {
    return absl::NotFoundError("pelagos-dns has ended");
  }
  return status;
}

// The grandchild: nothing but calls that are safe after fork(2).
[[noreturn]] void BecomeDaemon(int ready, const char* program, char* const argv[]) {
  const int null = ::open("/dev/null", O_RDWR);
  if (::dup2(null, 0) < 0 || ::dup2(null, 1) < 0 || ::dup2(null, 2) < 0 ||
      ::dup2(ready, kReadyFd) < 0 || ::syscall(SYS_close_range, kReadyFd + 1, ~0u, 0) != 0 ||
      ::chdir("/") != 0) {
    ::_exit(126);
  }
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(program, argv);
  const char* error = std::strerror(errno);
  (void)!::write(kReadyFd, "cannot be started: ", 19);
  (void)!::write(kReadyFd, error, std::strlen(error));
  ::_exit(127);
}

absl::Status Start(const DnsDaemonOptions& options) {
  std::string program = options.program;
  if (program.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(program, sys::SiblingProgram("pelagos-dns"));
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  // Above the numbers that the daemon's descriptors get.
  Fd ready(::fcntl(writer.get(), F_DUPFD_CLOEXEC, kReadyFd + 1));
  if (!ready.valid()) return ErrnoStatus(errno, "fcntl");
  writer.reset();
  std::vector<std::string> argv = {"pelagos-dns",         "--config-dir",      options.folder,
                                   "--resolv-conf",       options.resolv_conf, "--ready-fd",
                                   absl::StrCat(kReadyFd)};
  std::vector<char*> pointers = sys::internal::Pointers(argv);
  const pid_t child = ::fork();
  if (child < 0) return ErrnoStatus(errno, "fork");
  if (child == 0) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) BecomeDaemon(ready.get(), program.c_str(), pointers.data());
    ::_exit(grandchild < 0 ? 126 : 0);
  }
  ready.reset();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return ReadAnswer(reader);
}

absl::StatusOr<sys::ProcessIdentity> ReadIdentity(const std::string& path) {
  PELAGOS_ASSIGN_OR_RETURN(std::string text, sys::ReadFile(path, 256));
  const std::vector<std::string> fields = absl::StrSplit(absl::StripAsciiWhitespace(text), ' ');
  sys::ProcessIdentity identity;
  if (fields.size() != 2 || !absl::SimpleAtoi(fields[0], &identity.pid) ||
      !absl::SimpleAtoi(fields[1], &identity.start_time)) {
    return absl::DataLossError(absl::StrCat("'", path, "' names no process"));
  }
  return identity;
}

absl::Status Unlink(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, "unlink", path);
}

}  // namespace

absl::Status ReloadDns(const DnsDaemonOptions& options) {
  const absl::Status status = Ask(options.folder);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::Status EnsureDns(const DnsDaemonOptions& options) {
  const absl::Status status = Ask(options.folder);
  if (!absl::IsNotFound(status)) return status;
  PELAGOS_RETURN_IF_ERROR(Start(options), "starting pelagos-dns");
  return absl::OkStatus();
}

absl::Status StopDns(const DnsDaemonOptions& options) {
  const std::string lock_path = absl::StrCat(options.folder, "/", kDaemonLock);
  const std::string control_path = absl::StrCat(options.folder, "/", kControl);
  absl::StatusOr<sys::ProcessIdentity> identity = ReadIdentity(lock_path);
  if (!identity.ok()) {
    if (FindErrno(identity.status()) == ENOENT) return Unlink(control_path);
    // A daemon that died before it could write there; unless it lives.
    PELAGOS_RETURN_IF_ERROR(sys::LockFile(lock_path, sys::LockMode::kTry).status());
  } else if (absl::StatusOr<Fd> pidfd = sys::OpenPidfd(*identity); pidfd.ok()) {
    // It ends when it finds no network, and may be on its way already; its lock says nothing of
    // that, it goes before the process does. A daemon that does not answer is ended below.
    (void)ReloadDns(options);
    PELAGOS_ASSIGN_OR_RETURN(bool ended, WaitFor(*pidfd, absl::Now() + kEndTime));
    if (!ended) {
      PELAGOS_RETURN_IF_ERROR(sys::Signal(*pidfd, SIGKILL), "ending pelagos-dns");
      PELAGOS_ASSIGN_OR_RETURN(ended, WaitFor(*pidfd, absl::Now() + kEndTime));
    }
    if (!ended) return absl::DeadlineExceededError("pelagos-dns does not end");
  }
  PELAGOS_RETURN_IF_ERROR(Unlink(control_path));
  return Unlink(lock_path);
}

}  // namespace pelagos::net
