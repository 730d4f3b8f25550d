// What a shell completes: found from the rows of the commands each time that it asks, so that no
// script has to be renewed with the program. `pelagos generate completion SHELL` prints the few
// lines that let the shell ask.
//
//   pelagos __complete -- WORDS     the words behind "pelagos", up to the cursor; the last one,
//   which
//                                   may be empty, is to be completed
//     WORD TAB HELP                 a line for each that fits
//     :files, :folders              names of files may be meant too
//
// Source: bash(1), "Programmable Completion"; zshcompsys(1); fish's complete(1).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/cli/commands.h"

namespace pelagos::cli {

// What has names of its own, to be looked up when they are asked for.
enum class Thing { kContainers, kRunning, kImages, kVolumes, kRootfs, kNetworks };
using NamesOf = std::function<std::vector<std::string>(Thing)>;

// All lines, as above. `global` are the flags before the command.
std::string Complete(const std::vector<CommandGroup>& groups, const std::vector<Flag>& global,
                     std::vector<std::string> words, const NamesOf& names);

}  // namespace pelagos::cli
