// The flags of `run` about what it sees beside its root: --volume, --mount, --tmpfs, --shm-size.
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/caller.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> MountFlags();

// InvalidArgument names the flag, the value and what was expected. Relative sources count from the
// caller's folder.
absl::Status ApplyMounts(const Arguments& args, const Caller& caller, ContainerSpec& spec);

}  // namespace pelagos::cli
