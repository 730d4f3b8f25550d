#include "pelagos/net/pasta.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/await_events.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/process.h"

namespace pelagos::net {
namespace {

constexpr int kPatience = 10'000;  // milliseconds
constexpr char kTunDevice[] = "/dev/net/tun";
constexpr char kReady[] = "ok";
constexpr size_t kMostWords = 2048;  // of pasta's about an error

// Descriptors of the guard. Only the namespace goes on to pasta.
enum GuardFd : int { kControl = 3, kNetns, kContainer, kFirstFree };

absl::StatusOr<std::string> FindPasta() {
  const char* path = std::getenv("PATH");
  for (absl::string_view folder : absl::StrSplit(path == nullptr ? "/usr/bin" : path, ':')) {
    std::string file = absl::StrCat(folder.empty() ? "." : folder, "/pasta");
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return absl::NotFoundError(
      "--network pasta needs the program pasta, which is not in PATH (on Debian, the package "
      "passt)");
}

// What the guard is made of; nothing is allocated after the fork.
struct GuardPlan {
  const char* program;
  char* const* argv;
  int control, netns, container;  // above the GuardFd numbers; container may be -1
};

// Nothing but calls that are safe after fork(2), in all that follows.
[[noreturn]] void BecomePasta(const GuardPlan& plan, pid_t guard, int out, int err) {
  // Whoever the guard has become by now would not kill it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || ::getppid() != guard) ::_exit(126);
  if (::dup2(out, STDOUT_FILENO) < 0 || ::dup2(err, STDERR_FILENO) < 0) ::_exit(126);
  ::execv(plan.program, plan.argv);
  const char* error = std::strerror(errno);
  (void)!::write(STDERR_FILENO, error, std::strlen(error));
  ::_exit(127);
}

bool PlaceGuardFds(const GuardPlan& plan) {
  const int null = ::open("/dev/null", O_RDWR);
  return ::dup2(null, 0) >= 0 && ::dup2(null, 1) >= 0 && ::dup2(null, 2) >= 0 &&
         ::dup3(plan.control, kControl, O_CLOEXEC) >= 0 && ::dup2(plan.netns, kNetns) >= 0 &&
         (plan.container < 0 || ::dup3(plan.container, kContainer, O_CLOEXEC) >= 0) &&
         ::syscall(SYS_close_range, plan.container < 0 ? kContainer : kFirstFree, ~0u, 0) == 0 &&
         ::chdir("/") == 0;
}

[[noreturn]] void BecomeGuard(const GuardPlan& plan) {
  ::prctl(PR_SET_NAME, "pasta-guard", 0, 0, 0);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int out[2], err[2];
  if (!PlaceGuardFds(plan) || ::pipe2(out, O_CLOEXEC | O_NONBLOCK) != 0 ||
      ::pipe2(err, O_CLOEXEC | O_NONBLOCK) != 0) {
    ::_exit(126);
  }
  const pid_t self = ::getpid();
  const pid_t pasta = ::fork();
  if (pasta < 0) ::_exit(126);
  if (pasta == 0) BecomePasta(plan, self, out[1], err[1]);
  ::close(out[1]);
  ::close(err[1]);
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pasta, 0));

  char words[kMostWords];
  size_t size = 0;
  bool ready = false;
  pollfd fds[] = {{kControl, POLLIN, 0},
                  {pidfd, POLLIN, 0},
                  {plan.container < 0 ? -1 : kContainer, POLLIN, 0},
                  {out[0], POLLIN, 0},
                  {err[0], POLLIN, 0}};
  // What it says goes on being read, so that it never waits for us nor dies of SIGPIPE.
  const auto read_words = [&] {
    char rest[256];
    for (;;) {
      const bool room = !ready && size < sizeof(words);
      const ssize_t got =
          ::read(err[0], room ? words + size : rest, room ? sizeof(words) - size : sizeof(rest));
      if (got == 0) fds[4].fd = -1;
      if (got <= 0) return;
      if (room) size += static_cast<size_t>(got);
    }
  };
  while (pidfd >= 0) {
    if (::poll(fds, 5, -1) < 0 && errno != EINTR) break;
    if (fds[4].revents != 0) read_words();
    if (fds[3].revents != 0) {
      // Its pid, once it is ready (--pid); or the end.
      char pid[32];
      if (::read(out[0], pid, sizeof(pid)) > 0 && !ready) {
        ready = true;
        (void)::send(kControl, kReady, std::strlen(kReady), MSG_NOSIGNAL);
      }
      fds[3].fd = -1;
    }
    if (fds[0].revents != 0 || fds[1].revents != 0 || fds[2].revents != 0) break;
  }
  if (pidfd >= 0) ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
  while (::waitpid(pasta, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!ready) {
    read_words();
    (void)::send(kControl, words, size, MSG_NOSIGNAL);
  }
  ::_exit(0);
}

// By a child that is gone when this returns.
absl::Status Spawn(const GuardPlan& plan) {
  const pid_t child = ::fork();
  if (child < 0) return ErrnoStatus(errno, "fork");
  if (child == 0) {
    ::setsid();
    const pid_t guard = ::fork();
    if (guard == 0) BecomeGuard(plan);
    ::_exit(guard < 0 ? 126 : 0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno == ECHILD) break;  // the caller ignores SIGCHLD
    if (errno != EINTR) return ErrnoStatus(errno, "waitpid");
  }
  if (status != 0) return absl::ResourceExhaustedError("fork of pasta's guard");
  return absl::OkStatus();
}

// Its own lines about an error in one.
std::string Words(absl::string_view text) {
  std::vector<absl::string_view> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    // There is no system log in many containers and machines; that is not what is wrong.
    if (!line.empty() && !absl::EndsWith(line, "to syslog")) lines.push_back(line);
  }
  return lines.empty() ? "it ended without a word" : absl::StrJoin(lines, "; ");
}

absl::Status AwaitReady(const Fd& control) {
  PELAGOS_RETURN_IF_ERROR(
      sys::AwaitEvents(control, POLLIN, kPatience, "pasta is not ready after 10 seconds"));
  std::string words(kMostWords, '\0');
  const ssize_t size = ::recv(control.get(), words.data(), words.size(), 0);
  if (size < 0) return ErrnoStatus(errno, "recv", "pasta's guard");
  words.resize(static_cast<size_t>(size));
  if (words == kReady) return absl::OkStatus();
  return absl::UnknownError(absl::StrCat("pasta: ", Words(words)));
}

// True for one of two mappings that together are every address of the host.
bool HasTwin(const std::vector<PortMapping>& ports, PortMapping port, absl::string_view any,
             absl::string_view other) {
  if (port.host_address != any) return false;
  port.host_address = std::string(other);
  return std::find(ports.begin(), ports.end(), port) != ports.end();
}

// A copy above the numbers that the guard gives.
absl::StatusOr<Fd> High(const Fd& fd) {
  Fd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstFree));
  if (!copy.valid()) return ErrnoStatus(errno, "fcntl");
  return copy;
}

}  // namespace

std::vector<std::string> PastaArguments(const PastaOptions& options, const std::string& netns,
                                        bool as_root) {
  std::vector<std::string> words = {"pasta",       "--config-net",    "--foreground", "--quiet",
                                    "--pid",       "/proc/self/fd/1", "--netns",      netns,
                                    "--ns-ifname", options.interface};
  // Otherwise it becomes nobody, who may not enter the namespace.
  if (as_root) words.insert(words.end(), {"--runas", "0"});
  // Otherwise pasta learns it from the container's first packet, and what comes from outside before
  // that is sent to everybody, which no TCP takes. The link has only these two ends.
  words.insert(words.end(), {"--ns-mac-addr", "02:50:00:00:00:01"});
  if (!options.reach_host_loopback) words.push_back("--no-map-gw");
  if (options.mtu != 0) words.insert(words.end(), {"--mtu", absl::StrCat(options.mtu)});
  // No port of the host's loopback inside. Ports of one protocol imply none of the other.
  words.insert(words.end(), {"-T", "none", "-U", "none"});
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    const char* flag = protocol == Protocol::kTcp ? "-t" : "-u";
    bool any = false;
    for (const PortMapping& port : options.ports) {
      if (port.protocol != protocol) continue;
      any = true;
      // It takes a number once; without an address it stands for both families.
      if (HasTwin(options.ports, port, kAnyIpv6, kAnyIpv4)) continue;
      const bool both = HasTwin(options.ports, port, kAnyIpv4, kAnyIpv6);
      words.insert(words.end(), {flag, absl::StrCat(both ? "" : port.host_address + "/", port.host,
                                                    ":", port.inside)});
    }
    if (!any) words.insert(words.end(), {flag, "none"});
  }
  return words;
}

absl::StatusOr<PastaProcess> StartPasta(const PastaOptions& options) {
  for (const PortMapping& port : options.ports) {
    if (!port.fixed() || port.inside == 0) {
      return absl::InvalidArgumentError("pasta publishes ports by their numbers only");
    }
  }
  std::string program = options.program;
  if (program.empty()) {
    PELAGOS_ASSIGN_OR_RETURN(program, FindPasta());
  }
  if (const absl::StatusOr<Fd> tun = sys::OpenFile(kTunDevice, O_RDWR); !tun.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("--network pasta needs ", kTunDevice, ": ", tun.status().message()));
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "socketpair");
  }
  PastaProcess process{Fd(ends[0])};
  Fd theirs(ends[1]);
  PELAGOS_ASSIGN_OR_RETURN(Fd control, High(theirs));
  PELAGOS_ASSIGN_OR_RETURN(const Fd netns, High(*options.netns));
  Fd container;
  if (options.container != nullptr) {
    PELAGOS_ASSIGN_OR_RETURN(container, High(*options.container));
  }
  theirs.reset();
  std::vector<std::string> argv = PastaArguments(
      options, absl::StrCat("/proc/self/fd/", static_cast<int>(kNetns)), ::geteuid() == 0);
  const std::vector<char*> pointers = sys::internal::Pointers(argv);
  PELAGOS_RETURN_IF_ERROR(
      Spawn({program.c_str(), pointers.data(), control.get(), netns.get(), container.get()}));
  control.reset();
  PELAGOS_RETURN_IF_ERROR(AwaitReady(process.control), "starting pasta");
  return process;
}

}  // namespace pelagos::net
