// Waits until somebody accepts TCP connections.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pelagos::compose {

// Whether a connection to `host` (an address or a name, host_name.h) succeeds before `timeout` is
// over. Tried at least once, and then four times a second. An error when the name has no address.
absl::StatusOr<bool> AwaitPort(const std::string& host, uint16_t port, absl::Duration timeout);

}  // namespace pelagos::compose
