// `pelagos exec`: another process in a container that runs.
#pragma once

#include "pelagos/cli/command.h"

namespace pelagos::cli {

Command ExecCommandRow();

}  // namespace pelagos::cli
