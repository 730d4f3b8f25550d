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

// `reml eval` itself; returns the exit code.
int EvaluateReml(const Arguments& args, Streams streams);

// eval.
std::vector<Command> RemlCommands();

}  // namespace pelagos::cli
