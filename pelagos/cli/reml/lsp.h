// `pelagos reml lsp`: the language server for editors, over standard input and output.
#pragma once

#include <string>
#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

// Serves the editor behind two descriptors until it says `exit` or is gone; returns the exit code.
// Answers are written when the editor has room for them, and until then it is still read.
int ServeEditor(int in, int out);

std::vector<Command> LspCommands();

}  // namespace pelagos::cli
