// The commands `pelagos reml ...`, in the order of the help.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> RemlCommands();

}  // namespace pelagos::cli
