// A process that goes on when the command that forked it has ended.
#pragma once

#include "absl/status/status.h"

namespace pelagos::container {

// A session of its own, /dev/null for standard streams, the root for its folder; and nothing of
// what the command's caller gave it beyond those three streams, who may wait until that is closed.
// Our own descriptors are close-on-exec, and stay. Broken pipes are errors, not signals.
absl::Status GoToBackground();

}  // namespace pelagos::container
