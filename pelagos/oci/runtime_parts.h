// What create.cc and runtime.cc share. Internal to them.
#pragma once

#include <poll.h>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/config.h"
#include "pelagos/sys/await_events.h"

namespace pelagos::oci {

inline const Hooks& HooksOf(const Config& config) {
  static const auto* const none = new Hooks;
  return config.hooks ? *config.hooks : *none;
}

inline absl::Status WaitForEnd(const Fd& pidfd) {
  constexpr int kPatience = 10'000;
  return sys::AwaitEvents(pidfd, POLLIN, kPatience, "container init still running");
}

}  // namespace pelagos::oci
