#include "pelagos/oci/systemd/client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/process.h"

namespace pelagos::oci {
namespace {

constexpr char kProgram[] = "pelagos-systemd";
constexpr size_t kMostReply = 1 << 16;
// Beyond that of the request itself, after which the program answers.
constexpr int kMorePatience = 5'000;

// waitid(2): as shells say it.
int ExitCode(const Fd& program) {
  siginfo_t info = {};
  while (::waitid(P_PIDFD, static_cast<id_t>(program.get()), &info, WEXITED) < 0) {
    if (errno != EINTR) return -1;
  }
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

}  // namespace

absl::StatusOr<SystemdClient> SystemdClient::Open(bool user) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string program, sys::SiblingProgram(kProgram));
  if (::access(program.c_str(), X_OK) != 0) {
    return ErrnoStatus(errno, "the program that asks systemd is missing: access", program);
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "socketpair");
  }
  Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  // Our end is close-on-exec, as all we have: the program gets nothing but its own, and our
  // standard error.
  sys::ProgramOptions options;
  options.stdin_fd = theirs.get();
  options.stdout_fd = -1;
  PELAGOS_ASSIGN_OR_RETURN(const pid_t pid, sys::StartProgram(program, {kProgram}, options));
  // Our child, not waited for yet: the pid is its own.
  PELAGOS_ASSIGN_OR_RETURN(Fd opened, sys::OpenPidfd(pid));
  return SystemdClient(user, std::move(opened), std::move(ours));
}

// Whatever it is doing, nobody waits for it any more; killed between two calls of D-Bus it leaves
// what a lost answer would.
SystemdClient::~SystemdClient() {
  if (!program_.valid()) return;
  sys::Signal(program_, SIGKILL).IgnoreError();
  (void)ExitCode(program_);
}

absl::Status SystemdClient::Ended() {
  const int code = ExitCode(program_);
  program_.reset();
  constexpr int kNotLoaded = 127;  // ld.so(8)
  return absl::UnavailableError(
      absl::StrCat("pelagos-systemd ended without an answer, exit code ", code,
                   code == kNotLoaded ? ": it needs libsystemd.so.0 (Debian: libsystemd0)" : ""));
}

absl::StatusOr<SystemdReply> SystemdClient::Ask(SystemdRequest request) {
  if (!program_.valid()) return absl::UnavailableError("pelagos-systemd has ended");
  request.user = user_;
  const std::string text = PrintRequest(request);
  if (::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) {
    if (errno == EPIPE || errno == ECONNRESET) return Ended();
    return ErrnoStatus(errno, "asking pelagos-systemd");
  }
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::milliseconds(int64_t{request.patience_millis} + kMorePatience);
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                          deadline - std::chrono::steady_clock::now())
                          .count();
    if (left <= 0) return absl::DeadlineExceededError("pelagos-systemd does not answer");
    pollfd wait = {socket_.get(), POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
    if (ready > 0) break;
  }
  std::string answer(kMostReply, '\0');
  const ssize_t size = ::recv(socket_.get(), answer.data(), answer.size(), 0);
  if (size == 0 || (size < 0 && errno == ECONNRESET)) return Ended();
  if (size < 0) return ErrnoStatus(errno, "hearing pelagos-systemd");
  PELAGOS_ASSIGN_OR_RETURN(SystemdReply reply,
                           ParseReply({answer.data(), static_cast<size_t>(size)}),
                           "pelagos-systemd");
  if (reply.error.empty()) return reply;
  if (reply.unit_is_others) return absl::AlreadyExistsError(reply.error);
  return absl::AbortedError(reply.error);
}

absl::StatusOr<ServiceManager> SystemdClient::Look() {
  SystemdRequest request;
  request.ask = SystemdAsk::kLook;
  absl::StatusOr<SystemdReply> reply = Ask(std::move(request));
  if (!reply.ok()) return reply.status();
  if (reply->cgroup == "/") reply->cgroup.clear();
  return ServiceManager{user_, std::move(reply->cgroup), reply->version};
}

absl::StatusOr<std::string> SystemdClient::Start(const std::string& unit, UnitProperties properties,
                                                 std::vector<uint32_t> pids) {
  SystemdRequest request;
  request.ask = SystemdAsk::kStart;
  request.unit = unit;
  request.properties = std::move(properties);
  request.pids = std::move(pids);
  PELAGOS_ASSIGN_OR_RETURN(SystemdReply reply, Ask(std::move(request)));
  return std::move(reply.cgroup);
}

absl::Status SystemdClient::Set(const std::string& unit, UnitProperties properties) {
  SystemdRequest request;
  request.ask = SystemdAsk::kSet;
  request.unit = unit;
  request.properties = std::move(properties);
  return Ask(std::move(request)).status();
}

absl::Status SystemdClient::Attach(const std::string& unit, const std::string& below, pid_t pid) {
  SystemdRequest request;
  request.ask = SystemdAsk::kAttach;
  request.unit = unit;
  request.below = below.empty() ? "/" : below;
  request.pids = {static_cast<uint32_t>(pid)};
  return Ask(std::move(request)).status();
}

absl::Status SystemdClient::Stop(const std::string& unit) {
  SystemdRequest request;
  request.ask = SystemdAsk::kStop;
  request.unit = unit;
  return Ask(std::move(request)).status();
}

}  // namespace pelagos::oci
