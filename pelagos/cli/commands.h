// Every command of the program in its groups, and the other names that some of them have.
//
// A new command is a row of its own file, and its family one line of the table in commands.cc:
// help, completion and the manual follow.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/cli/command.h"

namespace pelagos::cli {

struct CommandGroup {
  absl::string_view title;  // "Images"
  bool containers = false;  // each of its commands X is `container X` too
  std::vector<Command> commands;
};

// In the order of the help. None is empty.
std::vector<CommandGroup> CommandGroups();

// Another name for a command: "pull" for "image pull". Both are one or two words; `meaning` may
// have flags behind them. Docker's names, and the original's.
struct Alias {
  absl::string_view name, meaning;
};
const std::vector<Alias>& Aliases();

// The words of a command line with the alias at their start replaced by what it means.
std::vector<std::string> Unaliased(std::vector<std::string> words,
                                   const std::vector<CommandGroup>& groups);

// A command found by the words of a command line (which are no alias).
struct FoundCommand {
  const Command* command = nullptr;  // null: there is none
  size_t words = 0;                  // that its name takes
};
FoundCommand FindCommand(const std::vector<CommandGroup>& groups,
                         const std::vector<std::string>& words);

// `pelagos --help`.
std::string HelpFor(const std::vector<CommandGroup>& groups);
// `pelagos compose --help`; "" if no command begins with that word.
std::string HelpFor(const std::vector<CommandGroup>& groups, absl::string_view first_word);
// `pelagos help WORDS`: any of the three, or the failure.
int PrintHelp(const std::vector<CommandGroup>& groups, std::vector<std::string> words);

// Says that there is no such command, and which one is meant perhaps. Returns the exit code.
int FailUnknown(const std::vector<CommandGroup>& groups, const std::vector<std::string>& words);

}  // namespace pelagos::cli
