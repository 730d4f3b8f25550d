// Waits until somebody accepts TCP connections.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace pelagos::compose {

// Whether a connection to `host` (an address or a name, host_name.h) succeeds before `timeout` is
// over. Tried at least once, and then after each `pause`, of a quarter of a second at most: the
// server may be another machine's, and of our own no kernel says that a port was opened
// (sock_diag(7) reports only the end of sockets). An error when the name has no address.
absl::StatusOr<bool> AwaitPort(const std::string& host, uint16_t port, absl::Duration timeout,
                               absl::FunctionRef<void(absl::Duration)> pause = absl::SleepFor);

}  // namespace pelagos::compose
