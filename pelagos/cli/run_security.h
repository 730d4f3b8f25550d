// --security-opt and --landlock of `run`. One table has all options of --security-opt.
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/caller.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> SecurityFlags();

// InvalidArgument names the flag, the value and what was expected. Oddities of a profile's file go
// to standard error, unless the caller is another.
absl::Status ApplySecurity(const Arguments& args, const Caller& caller, ContainerSpec& spec);

}  // namespace pelagos::cli
