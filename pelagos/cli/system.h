// `pelagos system df`.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> SystemCommands();

}  // namespace pelagos::cli
