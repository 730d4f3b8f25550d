#include "pelagos/cli/reml/repl_keys.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace pelagos::cli {
namespace {

volatile sig_atomic_t caught[NSIG];

void Catch(int signal) { caught[signal] = 1; }

sigset_t SetOf(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  return set;
}

}  // namespace

Keys::Keys() {
  sigset_t held;
  ::sigemptyset(&held);
  for (int signal : kSignals) ::sigaddset(&held, signal);
  ::sigprocmask(SIG_BLOCK, &held, &mask_before_);
  struct sigaction action = {};
  action.sa_handler = Catch;
  for (size_t i = 0; i < kSignals.size(); ++i) {
    caught[kSignals[i]] = 0;
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    // What the caller wants ignored (nohup) stays so.
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

Keys::~Keys() {
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
  ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
}

Keys::Event Keys::Next(unsigned char* byte) {
  for (;;) {
    for (int signal : kSignals) {
      if (caught[signal] == 0) continue;
      caught[signal] = 0;
      if (signal == SIGINT) return Event::kInterrupt;
      if (signal == SIGTSTP) return Event::kStop;
      if (signal == SIGWINCH) return Event::kResize;
      signal_ = signal;
      return Event::kTerminate;
    }
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (::ppoll(&input, 1, nullptr, &mask_before_) < 0) {
      if (errno == EINTR) continue;
      return Event::kEnd;
    }
    const ssize_t got = ::read(STDIN_FILENO, byte, 1);
    if (got == 1) return Event::kByte;
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    return Event::kEnd;
  }
}

void Keys::Stop() {
  struct sigaction action = {}, before = {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGTSTP, &action, &before);
  ::raise(SIGTSTP);
  const sigset_t stop = SetOf(SIGTSTP);
  ::sigprocmask(SIG_UNBLOCK, &stop, nullptr);  // here it stops
  ::sigprocmask(SIG_BLOCK, &stop, nullptr);
  ::sigaction(SIGTSTP, &before, nullptr);
}

}  // namespace pelagos::cli
