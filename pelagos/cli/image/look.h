// `pelagos image inspect`, `history`: an image's documents, for people and programs.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> LookCommands();

}  // namespace pelagos::cli
