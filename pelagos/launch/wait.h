// How a process ended, learnt from its pidfd.
//
// Source: waitid(2), P_PIDFD.
#pragma once

#include <sys/wait.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"

namespace pelagos::launch {

// A value.
struct ExitStatus {
  bool signaled = false;  // ended by a signal
  int value = 0;          // the exit code, or the signal's number

  // As shells say it: the exit code, or 128 + the signal.
  int code() const { return signaled ? 128 + value : value; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// Waits for the end of a child of this process and reaps it. A pidfd is readable (poll(2)) once
// this will not block. NOT_FOUND (ECHILD) if it is no child of ours or was reaped before.
inline absl::StatusOr<ExitStatus> WaitForExit(const Fd& pidfd) {
  siginfo_t info = {};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED) != 0) {
    if (errno == EINTR) continue;
    if (errno == ECHILD) {
      return absl::NotFoundError("waitid: the process is no child of ours");
    }
    return ErrnoStatus(errno, "waitid");
  }
  return ExitStatus{info.si_code != CLD_EXITED, info.si_status};
}

}  // namespace pelagos::launch
