// The flags of `run` about how the container is asked whether it is well.
//
// Names and meanings are those of docker-run(1); a JSON list as --health-cmd, and none, are
// podman-run(1)'s.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> HealthFlags();

// InvalidArgument names the flag, the value and what was expected.
absl::Status ApplyHealth(const Arguments& args, ContainerSpec& spec);

}  // namespace pelagos::cli
