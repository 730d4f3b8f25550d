// Waiting for a descriptor, with an end.
//
// Source: poll(2).
#pragma once

#include <poll.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"

namespace pelagos::sys {

// `events` as poll(2) has them; 0 waits for the other side to close. DEADLINE_EXCEEDED with the
// words of `too_late` after `patience` milliseconds.
inline absl::Status AwaitEvents(const Fd& fd, short events, int patience,
                                absl::string_view too_late) {
  pollfd wait = {fd.get(), events, 0};
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, patience);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return ErrnoStatus(errno, "poll");
  return ready == 0 ? absl::DeadlineExceededError(too_late) : absl::OkStatus();
}

}  // namespace pelagos::sys
