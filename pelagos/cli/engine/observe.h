// The commands that look at containers as they run: logs, events, stats, top.
#pragma once

#include <utility>
#include <vector>

#include "pelagos/cli/command.h"
#include "pelagos/cli/engine/events.h"
#include "pelagos/cli/engine/logs.h"
#include "pelagos/cli/engine/stats.h"
#include "pelagos/cli/engine/top.h"

namespace pelagos::cli {

inline std::vector<Command> ObserveCommands() {
  std::vector<Command> commands = LogsCommands();
  for (Command& command : EventsCommands()) commands.push_back(std::move(command));
  for (Command& command : StatsCommands()) commands.push_back(std::move(command));
  for (Command& command : TopCommands()) commands.push_back(std::move(command));
  return commands;
}

}  // namespace pelagos::cli
