// `pelagos reml`: programs of the language by themselves. No engine is opened and no folder made.
#pragma once

#include <istream>
#include <ostream>
#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

// Where a command reads and writes.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

// `reml eval` and `reml inputs` themselves; return the exit code.
int EvaluateReml(const Arguments& args, Streams streams);
int ListRemlInputs(const Arguments& args, Streams streams);

// eval, inputs.
std::vector<Command> RemlCommands();

}  // namespace pelagos::cli
