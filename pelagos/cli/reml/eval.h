// `pelagos reml eval` and `reml inputs`: programs of the language by themselves. No engine is
// opened and no folder made.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"
#include "pelagos/cli/reml/streams.h"

namespace pelagos::cli {

// `reml eval` and `reml inputs` themselves; return the exit code.
int EvaluateReml(const Arguments& args, Streams streams);
int ListRemlInputs(const Arguments& args, Streams streams);

std::vector<Command> EvalCommands();

}  // namespace pelagos::cli
