// Waiting for a lock and for something else at a time: flock(2) cannot be polled, the end of a
// process can.
//
// Source: flock(2) (a lock belongs to the open description, which clone(2) shares), pidfd_open(2).
#pragma once

#include <linux/sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/process.h"
#include "pelagos/sys/raw.h"

namespace pelagos::sys {

// Owns a process that waits for the lock, and ends it.
class [[nodiscard]] LockWaiter {
 public:
  // `file` is what is to be locked; it stays the caller's.
  static absl::StatusOr<LockWaiter> Start(const Fd& file) {
    const pid_t parent = ::getpid();
    int pidfd = -1;
    clone_args clone = {};
    clone.flags = CLONE_PIDFD;
    clone.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
    clone.exit_signal = SIGCHLD;
    const Result result = Call(SYS_clone3, &clone, sizeof(clone));
    if (!result.ok()) return ErrnoStatus(result.err, "clone3");
    if (result.value == 0) {
      // System calls only: the caller may have threads. It keeps nothing else open, and held.
      const unsigned kept = static_cast<unsigned>(file.get());
      if (kept > 0) (void)Call(SYS_close_range, 0, kept - 1, 0);
      (void)Call(SYS_close_range, kept + 1, ~0U, 0);
      const bool dies_with_it = Call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0).ok();
      if (dies_with_it && ::getppid() == parent) (void)Call(SYS_flock, file.get(), LOCK_EX);
      ::_exit(0);
    }
    return LockWaiter(Fd(pidfd));
  }

  LockWaiter(LockWaiter&&) = default;
  LockWaiter& operator=(LockWaiter&&) = delete;
  ~LockWaiter() {
    if (!pidfd_.valid()) return;
    Signal(pidfd_, SIGKILL).IgnoreError();
    (void)Call(SYS_waitid, P_PIDFD, pidfd_.get(), nullptr, WEXITED, nullptr);
  }

  // Readable (poll(2)) once the file is locked; by whoever has it open, so by the caller too.
  const Fd& locked() const { return pidfd_; }

 private:
  explicit LockWaiter(Fd pidfd) : pidfd_(std::move(pidfd)) {}
  Fd pidfd_;
};

}  // namespace pelagos::sys
