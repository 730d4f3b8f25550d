// `pelagos run`: the flags of what a container may use. Names and meanings are docker-run(1)'s;
// --cgroup-conf is podman's.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> LimitFlags();

// InvalidArgument names the flag, its value and what was expected.
absl::Status ApplyLimits(const Arguments& args, ContainerSpec& spec);

}  // namespace pelagos::cli
