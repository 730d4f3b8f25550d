// `pelagos logs`.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> LogsCommands();

}  // namespace pelagos::cli
