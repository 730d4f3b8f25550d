#include "pelagos/cli/reml/commands.h"

#include "pelagos/cli/reml/eval.h"

namespace pelagos::cli {

std::vector<Command> RemlCommands() { return EvalCommands(); }

}  // namespace pelagos::cli
