// `pelagos inspect`: all that is known of containers, images, volumes and networks, as JSON.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> InspectCommands();

}  // namespace pelagos::cli
