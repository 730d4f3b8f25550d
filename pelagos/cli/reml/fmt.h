// `pelagos reml fmt`: lays out programs in place, or says which are not laid out.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"
#include "pelagos/cli/reml/streams.h"

namespace pelagos::cli {

// The command itself; returns the exit code.
int FormatReml(const Arguments& args, Streams streams);

std::vector<Command> FormatCommands();

}  // namespace pelagos::cli
