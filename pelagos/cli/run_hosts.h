// --add-host of `run`: more lines of /etc/hosts.
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> HostsFlags();

// InvalidArgument names the flag, the value and what was expected.
absl::Status ApplyHosts(const Arguments& args, ContainerSpec& spec);

}  // namespace pelagos::cli
