// pelagos-init PROGRAM [ARG...]: the first process of a container that asks for one (--init). Runs
// the program as its child, passes signals on to it, reaps whatever loses its parent, and ends as
// the program does: with its exit code, or 128 + the signal.
//
// Bound read-only into the container, so that /proc/1/exe inside is no way to write to the host's
// file. Uses no heap. Source: pid_namespaces(7), waitpid(2), sigwaitinfo(2).
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <initializer_list>

namespace {

// docker-run(1), as pelagos itself.
constexpr int kFailed = 125;
constexpr int kCannotInvoke = 126;
constexpr int kNotFound = 127;
constexpr int kSignalBase = 128;

[[noreturn]] void RunProgram(char** argv, const sigset_t& mask) {
  // A group of its own, in the foreground of the terminal if there is one; SIGTTOU is blocked yet.
  ::setpgid(0, 0);
  ::tcsetpgrp(STDIN_FILENO, ::getpid());
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::execvp(argv[0], argv);
  const int error = errno;
  ::dprintf(STDERR_FILENO, "pelagos-init: cannot run '%s': %s\n", argv[0], ::strerror(error));
  ::_exit(error == ENOENT || error == ENOTDIR ? kNotFound : kCannotInvoke);
}

// True once `program` has ended; all other children that have are reaped too.
bool Reap(pid_t program, int* code) {
  bool ended = false;
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return ended;
    if (pid != program) continue;
    ended = true;
    *code = WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    ::dprintf(STDERR_FILENO, "usage: pelagos-init PROGRAM [ARG...]\n");
    return kFailed;
  }
  // Without a pid namespace of its own it is no process 1, but takes orphans all the same.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  sigset_t all, before;
  ::sigfillset(&all);
  for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS}) {
    ::sigdelset(&all, fault);
  }
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t program = ::fork();
  if (program < 0) {
    ::dprintf(STDERR_FILENO, "pelagos-init: fork: %s\n", ::strerror(errno));
    return kFailed;
  }
  if (program == 0) RunProgram(argv + 1, before);
  // Before anybody waits for it: the number is still its own.
  const long pidfd = ::syscall(SYS_pidfd_open, program, 0);
  for (;;) {
    const int signal = ::sigwaitinfo(&all, nullptr);
    if (signal == SIGCHLD) {
      int code = 0;
      if (Reap(program, &code)) return code;
    } else if (signal > 0 && signal != SIGTTIN && signal != SIGTTOU) {
      if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0 && errno != ESRCH) {
        ::dprintf(STDERR_FILENO, "pelagos-init: passing on signal %d: %s\n", signal,
                  ::strerror(errno));
      }
    }
  }
}
