// The bytes of the standard input, and the signals that come while waiting for them.
//
// Source: ppoll(2), signal(7).
#pragma once

#include <signal.h>

#include <array>

namespace pelagos::cli {

// While it lives, the signals are held back but for the time that Next() waits, and then they are
// its answers. One at a time.
class Keys {
 public:
  enum class Event {
    kByte,
    kEnd,        // of the input
    kInterrupt,  // SIGINT
    kResize,     // SIGWINCH
    kStop,       // SIGTSTP: call Stop()
    kTerminate,  // signal() is the one
  };

  Keys();
  ~Keys();
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  Event Next(unsigned char* byte);
  int signal() const { return signal_; }
  // Stops the process as if the signal had not been caught; returns when it goes on.
  void Stop();

 private:
  static constexpr std::array<int, 6> kSignals = {SIGTERM, SIGHUP,  SIGQUIT,
                                                  SIGINT,  SIGTSTP, SIGWINCH};
  struct sigaction before_[kSignals.size()];
  sigset_t mask_before_;
  int signal_ = 0;
};

}  // namespace pelagos::cli
