// `pelagos reml check`: the mistakes of programs that can be seen without running them.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"
#include "pelagos/cli/reml/streams.h"

namespace pelagos::cli {

// The command itself; returns the exit code: kDone without errors, kFailed with some.
int CheckReml(const Arguments& args, Streams streams);

std::vector<Command> CheckCommands();

}  // namespace pelagos::cli
