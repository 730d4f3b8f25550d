// --security-opt and --landlock of `run`. One table has all options of --security-opt.
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> SecurityFlags();

// InvalidArgument names the flag, the value and what was expected.
absl::Status ApplySecurity(const Arguments& args, ContainerSpec& spec);

}  // namespace pelagos::cli
