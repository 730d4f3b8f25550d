// `pelagos image pull`, `push`, `login`, `logout`.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> RegistryCommands();

}  // namespace pelagos::cli
