// The lower floor over the kernel: a system call and what came of it. Allocates nothing, locks
// nothing; the only part of sys/ that code between clone3(2) and execve(2) may use.
//
// Source: syscall(2), signal(7) ("Interruption of system calls").
#pragma once

#include <errno.h>
#include <unistd.h>

namespace pelagos::sys {

// `value` is what the call returned, -1 on failure; `err` is 0 or the errno.
struct [[nodiscard]] Result {
  long value;
  int err;
  bool ok() const { return err == 0; }
};

// Calls again after EINTR: no call that is made through here means to be interrupted. Not for
// close(2), where the descriptor is gone even then.
template <typename... Args>
Result Call(long number, Args... args) noexcept {
  for (;;) {
    const long value = ::syscall(number, args...);
    if (value >= 0) return {value, 0};
    if (errno != EINTR) return {-1, errno};
  }
}

}  // namespace pelagos::sys
