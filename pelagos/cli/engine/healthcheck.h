// `pelagos healthcheck run`: asks a container for its health now.
#pragma once

#include "pelagos/cli/command.h"

namespace pelagos::cli {

Command HealthcheckRunRow();

}  // namespace pelagos::cli
