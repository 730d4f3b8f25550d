// `run` and `start -a` of containers that are kept: they have a monitor, and the command is only
// attached to it.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/cli/command.h"
#include "pelagos/cli/run_streams.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/lifecycle.h"
#include "pelagos/spec/container.h"
#include "pelagos/store/container.h"

namespace pelagos::cli {

// Whether a container of `run` needs a monitor. One that goes with its end, in the foreground and
// without a terminal to detach from, is the command's own.
bool NeedsMonitor(const Arguments& args);

// Makes the container, and the file of --cidfile. The name may be left out.
absl::StatusOr<store::ContainerRecord> CreateKept(container::Engine& engine, const Arguments& args,
                                                  ContainerSpec spec);

// The exit code of `run`.
int RunKept(container::Engine& engine, const Arguments& args, ContainerSpec spec);

// container::Start, and what it has to say besides on standard error.
absl::Status StartAndWarn(container::Engine& engine, const container::Found& found,
                          container::MonitorOptions options = {});

// Starts it and stays attached to these streams: the exit code.
int StartAttached(container::Engine& engine, const container::Found& found, const Arguments& args,
                  const AttachedStreams& attached);

}  // namespace pelagos::cli
