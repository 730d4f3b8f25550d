#include "pelagos/sys/hooked_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {
namespace {

using Clock = std::chrono::steady_clock;

struct Pair {
  Fd ours, theirs;
};

// A socket, not a pipe: a program that does not read its input costs no SIGPIPE.
absl::StatusOr<Pair> MakePair(int type) {
  int ends[2];
  const Result made = Call(SYS_socketpair, AF_UNIX, type | SOCK_CLOEXEC, 0, ends);
  if (!made.ok()) return ErrnoStatus(made.err, "socketpair");
  return Pair{Fd(ends[0]), Fd(ends[1])};
}

// Linux 6.9 signals a whole group by a pidfd; an older one the program alone.
void KillGroup(const Fd& pidfd) {
  constexpr unsigned kProcessGroup = 1u << 2;  // PIDFD_SIGNAL_PROCESS_GROUP
  const Result sent = Call(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, kProcessGroup);
  if (sent.err == EINVAL) (void)Call(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

struct Streams {
  int input, output, errors, failure;
};

// One of its streams, as far as it has come. Closed at its end.
class Reader {
 public:
  Reader(Fd fd, size_t most, std::string& text) : fd_(std::move(fd)), most_(most), text_(text) {}

  pollfd Wanted() const { return {fd_.valid() ? fd_.get() : -1, POLLIN, 0}; }
  void Take(short events) {
    if ((events & POLLIN) != 0) {
      (void)Read();
    } else if ((events & (POLLHUP | POLLERR)) != 0) {
      fd_.reset();
    }
  }
  // What is there still, after its end.
  void Rest() {
    while (fd_.valid() && text_.size() < most_ && Read()) {
    }
  }

 private:
  bool Read() {
    char buffer[4096];
    const Result got =
        Call(SYS_recvfrom, fd_.get(), buffer, sizeof(buffer), MSG_DONTWAIT, nullptr, nullptr);
    if (!got.ok()) return false;
    if (got.value == 0) fd_.reset();
    if (text_.size() < most_) text_.append(buffer, static_cast<size_t>(got.value));
    return got.value > 0;
  }

  Fd fd_;
  size_t most_;
  std::string& text_;
};

[[noreturn]] void Fail(const Streams& streams) {
  const int error = errno;
  (void)Call(SYS_write, streams.failure, &error, sizeof(error));
  ::_exit(127);
}

[[noreturn]] void Exec(const HookedProgram& program, const Streams& streams,
                       const std::vector<char*>& argv, const std::vector<char*>& env) {
  if (::dup2(streams.input, 0) < 0 || ::dup2(streams.output, 1) < 0 ||
      ::dup2(streams.errors, 2) < 0) {
    Fail(streams);
  }
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) (void)::sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!program.folder.empty()) (void)Call(SYS_chdir, program.folder.c_str());
  ::execve(program.path.c_str(), argv.data(), env.data());
  Fail(streams);
}

// In the first child, which is in our namespaces still. A pid namespace is for its children.
[[noreturn]] void Run(const HookedProgram& program, const Streams& streams,
                      const std::vector<char*>& argv, const std::vector<char*>& env) {
  if (::setpgid(0, 0) != 0) Fail(streams);
  if (program.namespaces == 0) Exec(program, streams, argv, env);
  if (!Call(SYS_setns, program.pidfd, program.namespaces).ok()) Fail(streams);
  if ((program.namespaces & CLONE_NEWPID) == 0) Exec(program, streams, argv, env);
  const pid_t pid = ::fork();
  if (pid < 0) Fail(streams);
  if (pid == 0) Exec(program, streams, argv, env);
  ::close(streams.input);
  ::close(streams.output);
  ::close(streams.errors);
  ::close(streams.failure);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) ::_exit(127);
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

}  // namespace

absl::StatusOr<HookedResult> RunHooked(const HookedProgram& program) {
  std::vector<std::string> argv_texts = program.argv;
  if (argv_texts.empty()) argv_texts.push_back(program.path);
  std::vector<std::string> env_texts = program.env;
  const std::vector<char*> argv = internal::Pointers(argv_texts);
  const std::vector<char*> env = internal::Pointers(env_texts);
  PELAGOS_ASSIGN_OR_RETURN(Pair input, MakePair(SOCK_STREAM));
  PELAGOS_ASSIGN_OR_RETURN(Pair output, MakePair(SOCK_STREAM));
  PELAGOS_ASSIGN_OR_RETURN(Pair errors, MakePair(SOCK_STREAM));
  PELAGOS_ASSIGN_OR_RETURN(Pair failure, MakePair(SOCK_STREAM));

  const Streams streams = {input.theirs.get(), output.theirs.get(), errors.theirs.get(),
                           failure.theirs.get()};
  Fd pidfd;
  if (program.start) {
    PELAGOS_ASSIGN_OR_RETURN(pidfd, program.start(streams.input, streams.output, streams.errors));
  } else {
    const pid_t pid = ::fork();
    if (pid < 0) return ErrnoStatus(errno, "fork");
    if (pid == 0) {
      // A child that does not become the program must not keep our ends open.
      input.ours.reset();
      output.ours.reset();
      errors.ours.reset();
      failure.ours.reset();
      Run(program, streams, argv, env);
    }
    (void)::setpgid(pid, pid);  // whoever of the two is first
    PELAGOS_ASSIGN_OR_RETURN(pidfd, OpenPidfd(pid));
  }
  input.theirs.reset();
  output.theirs.reset();
  errors.theirs.reset();
  failure.theirs.reset();

  HookedResult result;
  Reader from_output(std::move(output.ours), program.most_output, result.output);
  Reader from_errors(std::move(errors.ours), program.most_output, result.errors);
  const Clock::time_point deadline =
      program.timeout_seconds ? Clock::now() + std::chrono::seconds(*program.timeout_seconds)
                              : Clock::time_point::max();
  absl::string_view left = program.input;
  bool ended = false;
  while (!ended) {
    pollfd fds[] = {{pidfd.get(), POLLIN, 0},
                    from_output.Wanted(),
                    from_errors.Wanted(),
                    {left.empty() ? -1 : input.ours.get(), POLLOUT, 0}};
    int wait = -1;
    if (program.timeout_seconds) {
      const auto rest =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      wait = rest > 0 ? static_cast<int>(std::min<int64_t>(rest, 1 << 30)) : 0;
    }
    const int ready = ::poll(fds, 4, wait);
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
    if (ready == 0 && Clock::now() >= deadline) {
      result.timed_out = true;
      KillGroup(pidfd);
      break;
    }
    if (ready <= 0) continue;
    if ((fds[3].revents & POLLOUT) != 0) {
      const Result sent = Call(SYS_sendto, input.ours.get(), left.data(), left.size(),
                               MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
      // A program need not read it.
      left.remove_prefix(sent.ok() ? static_cast<size_t>(sent.value) : left.size());
    } else if ((fds[3].revents & (POLLHUP | POLLERR)) != 0) {
      left = "";
    }
    if (left.empty()) input.ours.reset();
    from_output.Take(fds[1].revents);
    from_errors.Take(fds[2].revents);
    ended = (fds[0].revents & POLLIN) != 0;
  }
  siginfo_t info = {};
  const Result waited = Call(SYS_waitid, P_PIDFD, pidfd.get(), &info, WEXITED, nullptr);
  if (!waited.ok()) return ErrnoStatus(waited.err, "waitid", program.path);
  result.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
  result.code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  // What it wrote last may be there still.
  from_output.Rest();
  from_errors.Rest();
  int error = 0;
  const Result told =
      Call(SYS_recvfrom, failure.ours.get(), &error, sizeof(error), MSG_DONTWAIT, nullptr, nullptr);
  if (told.ok() && told.value == sizeof(error)) return ErrnoStatus(error, "running", program.path);
  return result;
}

}  // namespace pelagos::sys
