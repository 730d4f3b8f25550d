// `pelagos rootfs import|ls|rm`: names for root folders of the host, for `run --rootfs NAME`.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> RootfsCommands();

}  // namespace pelagos::cli
