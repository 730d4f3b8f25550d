// `run` and `start -a` of containers that are kept: they have a monitor, and the command is only
// attached to it.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/cli/command.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/inventory.h"
#include "pelagos/spec/container.h"
#include "pelagos/store/container.h"

namespace pelagos::cli {

// Whether a container of `run` needs a monitor. One that goes with its end, in the foreground and
// without a terminal to detach from, is the command's own.
bool NeedsMonitor(const Arguments& args);

// What create and run have beside what the container is.
std::vector<Flag> KeptFlags();

// Makes the container, and the file of --cidfile. The name may be left out.
absl::StatusOr<store::ContainerRecord> CreateKept(container::Engine& engine, const Arguments& args,
                                                  ContainerSpec spec);

// The exit code of `run`.
int RunKept(container::Engine& engine, const Arguments& args, ContainerSpec spec);

// Starts it and stays attached: the exit code. `input`: what we are given goes in.
int StartAttached(container::Engine& engine, const container::Found& found, const Arguments& args,
                  bool input);

}  // namespace pelagos::cli
