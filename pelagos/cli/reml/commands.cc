#include "pelagos/cli/reml/commands.h"

#include <utility>

#include "pelagos/cli/reml/check.h"
#include "pelagos/cli/reml/doc.h"
#include "pelagos/cli/reml/eval.h"
#include "pelagos/cli/reml/fmt.h"
#include "pelagos/cli/reml/lsp.h"
#include "pelagos/cli/reml/repl.h"

namespace pelagos::cli {

std::vector<Command> RemlCommands() {
  std::vector<Command> commands = EvalCommands();
  for (Command& command : ReplCommands()) commands.push_back(std::move(command));
  for (Command& command : CheckCommands()) commands.push_back(std::move(command));
  for (Command& command : DocCommands()) commands.push_back(std::move(command));
  for (Command& command : FormatCommands()) commands.push_back(std::move(command));
  for (Command& command : LspCommands()) commands.push_back(std::move(command));
  return commands;
}

}  // namespace pelagos::cli
