#include "pelagos/net/proxy/start_proxy.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/proxy/control.h"
#include "pelagos/net/proxy/socket_address.h"
#include "pelagos/sys/await_events.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/unix_socket.h"

namespace pelagos::net {
namespace {

constexpr int kPatience = 10'000;  // milliseconds

// The grandchild: nothing but calls that are safe after fork(2).
[[noreturn]] void BecomeProxy(int control, const char* program, char* const argv[]) {
  const int null = ::open("/dev/null", O_RDWR);
  if (::dup2(null, 0) < 0 || ::dup2(null, 1) < 0 || ::dup2(null, 2) < 0 ||
      ::dup2(control, kProxyControlFd) < 0 ||
      ::syscall(SYS_close_range, kProxyControlFd + 1, ~0u, 0) != 0 || ::chdir("/") != 0) {
    ::_exit(126);
  }
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(program, argv);
  ::_exit(127);
}

// By a child that is gone when this returns.
absl::Status Spawn(const Fd& control, const std::string& program, std::vector<std::string> argv) {
  std::vector<char*> pointers = sys::internal::Pointers(argv);
  const pid_t child = ::fork();
  if (child < 0) return ErrnoStatus(errno, "fork");
  if (child == 0) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) BecomeProxy(control.get(), program.c_str(), pointers.data());
    ::_exit(grandchild < 0 ? 126 : 0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno == ECHILD) break;  // the caller ignores SIGCHLD
    if (errno != EINTR) return ErrnoStatus(errno, "waitpid");
  }
  if (status != 0) return absl::ResourceExhaustedError("fork of pelagos-proxy");
  return absl::OkStatus();
}

absl::Status ReadAnswer(const Fd& control, const std::string& program) {
  PELAGOS_RETURN_IF_ERROR(sys::AwaitEvents(control, POLLIN, kPatience,
                                           "pelagos-proxy did not answer within 10 seconds"));
  std::string words(kMostProxyWords, '\0');
  const ssize_t size = ::recv(control.get(), words.data(), words.size(), 0);
  if (size < 0 && errno != ECONNRESET) return ErrnoStatus(errno, "recv", "pelagos-proxy");
  if (size <= 0) return absl::AbortedError(absl::StrCat("'", program, "' could not be started"));
  words.resize(static_cast<size_t>(size));
  if (words == kProxyOk) return absl::OkStatus();
  return absl::UnknownError(absl::StrCat("pelagos-proxy: ", words));
}

absl::Status GiveOrders(const Fd& control, const std::vector<ProxyTarget>& targets) {
  for (const ProxyTarget& target : targets) {
    PELAGOS_RETURN_IF_ERROR(sys::SendWithDescriptor(
        control, absl::StrCat(NameOf(target.protocol), " ", target.address, " ", target.port),
        target.socket->get()));
  }
  if (::send(control.get(), kProxyGo.data(), kProxyGo.size(), MSG_NOSIGNAL) < 0) {
    return ErrnoStatus(errno, "send");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Fd> StartProxy(const std::string& program, const std::vector<ProxyTarget>& targets,
                              absl::Duration udp_idle) {
  std::string path = program;
  if (path.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(path, sys::SiblingProgram("pelagos-proxy"));
  }
  for (const ProxyTarget& target : targets) {
    PELAGOS_RETURN_IF_ERROR(ParseSocketAddress(target.address, target.port).status());
    if (target.port == 0) return absl::InvalidArgumentError("a target's port has to be 1 to 65535");
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "socketpair");
  }
  Fd ours(ends[0]), theirs(ends[1]);
  // Above the number that it gets there: the others are replaced first.
  Fd high(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, kProxyControlFd + 1));
  if (!high.valid()) return ErrnoStatus(errno, "fcntl");
  theirs.reset();
  PELAGOS_RETURN_IF_ERROR(Spawn(
      high, path, {"pelagos-proxy", "--udp-idle", absl::StrCat(absl::ToDoubleSeconds(udp_idle))}));
  high.reset();
  const absl::Status given = GiveOrders(ours, targets);
  if (!given.ok()) ::shutdown(ours.get(), SHUT_WR);    // it waits for more
  const absl::Status answer = ReadAnswer(ours, path);  // says more, if there is one
  PELAGOS_RETURN_IF_ERROR(answer, "starting pelagos-proxy");
  PELAGOS_RETURN_IF_ERROR(given, "starting pelagos-proxy");
  return ours;
}

}  // namespace pelagos::net
