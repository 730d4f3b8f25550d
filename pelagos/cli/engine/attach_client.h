// Who attaches to a container: our standard streams, our terminal and our signals on one side, its
// monitor on the other.
//
//   stdin    -- i, e -->            -- o --> stdout
//   SIGWINCH -- w ---->  monitor    -- e --> stderr
//   signals  -- s ---->             -- x --> the end
//
// With a terminal on both sides ours is raw meanwhile, and as it was before when Attach returns,
// and while we are stopped (SIGTSTP). Memory is bounded in both directions: what the monitor does
// not take is not read from stdin, what our output does not take is not read from the monitor.
//
// Source: container/attach_protocol.h, docker-attach(1), termios(3), signal(7).
#pragma once

#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"

namespace pelagos::cli {

struct AttachOptions {
  // Ours; borrowed. -1: nothing goes in, what comes is dropped.
  int in = STDIN_FILENO, out = STDOUT_FILENO, err = STDERR_FILENO;
  bool terminal = false;        // the container has one
  bool pass_signals_on = true;  // false: they end Attach, and nothing else
  std::string detach_keys =
      {};               // of ParseDetachKeys; they count where the container has a terminal
  bool redraw = false;  // has the program in the terminal draw all anew
};

struct AttachEnd {
  enum class Reason {
    kExited,    // the container ended
    kDetached,  // by keys; it goes on
    kSignaled,  // a signal for us, our terminal is gone, or nobody reads our output; it goes on
    kLost,      // the monitor is gone, and the container with it
  };
  Reason reason = Reason::kLost;
  int code = 0;  // kExited: 0..255, its own. kSignaled: 128 + the signal. Else 0
};

// A standard stream that we were not given is /dev/null from here on: no descriptor that we open
// can be taken for it. First of all in a command that will attach.
absl::Status OpenMissingStreams();

// Holds back the signals that Attach passes on until it is called, so that none is lost between
// the start of a container and then.
absl::Status HoldAttachSignals();

// Carries until one of the ends. `monitor` is a connected socket of SOCK_SEQPACKET. Signals stay
// blocked afterwards: the process is expected to end next. Not for processes with several threads.
// Errors: of our own streams and terminal, and of a peer that does not keep to the protocol.
absl::StatusOr<AttachEnd> Attach(const Fd& monitor, const AttachOptions& options);

}  // namespace pelagos::cli
