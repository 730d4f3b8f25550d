// The flags of `run` about how the container is kept, stopped and started again: --rm, --restart,
// --label, --label-file, --log-driver, --log-opt, --stop-signal, --stop-timeout.
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/caller.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> LifecycleFlags();

// InvalidArgument names the flag, the value and what was expected; of flags that exclude each other
// both. Reads the files of --label-file.
absl::Status ApplyLifecycle(const Arguments& args, const Caller& caller, ContainerSpec& spec);

}  // namespace pelagos::cli
