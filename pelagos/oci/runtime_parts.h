// What create.cc and runtime.cc share. Internal to them.
#pragma once

#include <poll.h>

#include <cerrno>

#include "absl/status/status.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/config.h"

namespace pelagos::oci {

inline const Hooks& HooksOf(const Config& config) {
  static const auto* const none = new Hooks;
  return config.hooks ? *config.hooks : *none;
}

inline absl::Status WaitForEnd(const Fd& pidfd) {
  constexpr int kPatience = 10'000;
  pollfd wait = {pidfd.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, kPatience);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return ErrnoStatus(errno, "poll");
  if (ready == 0) return absl::DeadlineExceededError("container init still running");
  return absl::OkStatus();
}

}  // namespace pelagos::oci
