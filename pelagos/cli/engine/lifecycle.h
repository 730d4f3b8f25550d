// The commands that change containers which are there: start, stop, restart, kill, wait, rm, pause,
// unpause, rename, update.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> LifecycleCommands();

}  // namespace pelagos::cli
