// The flags of `run` about what the container's processes may do: limits, settings of the kernel,
// capabilities, and who they are.
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> RightsFlags();

// InvalidArgument names the flag, the value and what was expected.
absl::Status ApplyRights(const Arguments& args, ContainerSpec& spec);

}  // namespace pelagos::cli
