// `pelagos system info`, `info`: where things are, how many, and what this host can do.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> InfoCommands();

}  // namespace pelagos::cli
