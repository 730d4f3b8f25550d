// `pelagos run`: one container in the foreground.
#pragma once

#include "pelagos/cli/command.h"

namespace pelagos::cli {

Command RunCommandRow();

}  // namespace pelagos::cli
