// `pelagos image ...`: the commands of this folder together.
#pragma once

#include <string>
#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

std::vector<Command> ImageCommands();

// `args` is what follows "image". Relative paths count from the working directory. Prints; returns
// the exit code: 0 done, 1 failed, 2 used wrongly.
int ImageCommand(const std::string& data_root, const std::string& run_root,
                 const std::vector<std::string>& args);

}  // namespace pelagos::cli
