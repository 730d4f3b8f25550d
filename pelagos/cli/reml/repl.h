// `pelagos reml repl`: a session of the language (repl_session.h) at a terminal, or over a pipe.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"
#include "pelagos/cli/reml/streams.h"

namespace pelagos::cli {

// The command where there is no terminal: evaluates the files, then all of the input, form by form.
// Returns the exit code.
int ReplOverStreams(const Arguments& args, Streams streams);

std::vector<Command> ReplCommands();

}  // namespace pelagos::cli
