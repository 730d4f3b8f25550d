// --device of `run`: nodes of the host, or what a vendor describes (CDI).
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> DeviceFlags();

// Reads /etc/cdi and /var/run/cdi only for names of CDI. InvalidArgument names the flag, the value
// and what was expected.
absl::Status ApplyDevices(const Arguments& args, ContainerSpec& spec);

}  // namespace pelagos::cli
