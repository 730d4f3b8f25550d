// `pelagos image tag`, `prune`, `save`, `fsck`.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> StoreCommands();

}  // namespace pelagos::cli
