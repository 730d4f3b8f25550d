// `run` and `create`.
#pragma once

#include "pelagos/cli/command.h"

namespace pelagos::cli {

Command RunCommandRow();
Command CreateCommandRow();

}  // namespace pelagos::cli
