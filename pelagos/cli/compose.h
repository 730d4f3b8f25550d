// `pelagos compose`: the commands around stacks.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

// up, down, ps, logs, plan.
std::vector<Command> ComposeCommands();

}  // namespace pelagos::cli
