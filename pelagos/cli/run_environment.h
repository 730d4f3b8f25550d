// The flags of `run` about the program's environment: --env, --env-file.
//
// Names and meanings are those of docker-run(1).
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "pelagos/cli/caller.h"
#include "pelagos/cli/command.h"
#include "pelagos/spec/container.h"

namespace pelagos::cli {

std::vector<Flag> EnvironmentFlags();

// Variables of files come first, those of --env over them, each in order. Reads the files.
// InvalidArgument names the flag, the value and what was expected.
absl::Status ApplyEnvironment(const Arguments& args, const Caller& caller, ContainerSpec& spec);

}  // namespace pelagos::cli
