// How shells ask what may be completed: a few lines for each, which `pelagos generate completion`
// prints. What is answered comes from the rows of the commands, each time anew, so that no script
// has to be renewed with the program.
//
//   pelagos __complete -- WORDS     the words behind "pelagos", up to the cursor; the last one,
//   which
//                                   may be empty, is to be completed
//     WORD TAB HELP                 a line for each that fits
//     :files, :folders              names of files may be meant too
//
// Source: bash(1), "Programmable Completion"; zshcompsys(1); fish's complete(1).
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::cli {

// The command by which shells ask. It is in no help.
inline constexpr char kCompleteWord[] = "__complete";

// The shells that there are scripts for, in the order of the help.
const std::vector<absl::string_view>& CompletionShells();
// Requires: `shell` is one of them.
std::string CompletionScript(absl::string_view shell);

}  // namespace pelagos::cli
