// `pelagos attach`: our streams, terminal and signals for a container that runs.
#pragma once

#include "pelagos/cli/command.h"

namespace pelagos::cli {

Command AttachCommandRow();

}  // namespace pelagos::cli
