// Brings a stack up: evaluates its program, leaves a supervisor behind, and waits until all
// services are ready or one has failed.
//
//   up --fork--> supervisor          up waits on the pipe of events (event.h), never on a clock
//
// Nothing is made before the whole stack is checked and planned. A failure, an interrupt, or the
// death of `up` before the stack is up takes down what was started.
#pragma once

#include <iosfwd>
#include <string>

#include "pelagos/compose/stack.h"
#include "pelagos/container/engine.h"

namespace pelagos::compose {

struct UpOptions {
  StackOptions stack;
  bool foreground = false;  // stay, show the logs, take the stack down at the end
};

// The exit code: 0 the stack is up (or was, in the foreground), 1 it is not, 130 interrupted.
// Everything there is to say was said on `out` and `err`. The caller is single-threaded.
int Up(container::Engine& engine, const UpOptions& options, std::ostream& out, std::ostream& err);

}  // namespace pelagos::compose
