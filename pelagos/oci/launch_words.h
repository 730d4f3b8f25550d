// What create and exec share: what is asked of their options, and how a failed launch is told.
// Internal to create.cc, runtime.cc and exec.cc.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "pelagos/launch/launch_io.h"
#include "pelagos/oci/config.h"

namespace pelagos::oci {

// A terminal needs somebody who takes its master, a socket needs a terminal.
absl::Status CheckConsole(const Process& process, const std::string& socket, bool kept);
absl::Status CheckPreserved(int count);

// Our own streams, or the terminal's size.
launch::LaunchIo StreamsOf(const Process& process, int preserved, uint16_t rows, uint16_t columns);

// In runc's words where clients tell by them whether it is the program that is missing: "exec:
// \"x\": executable file not found in $PATH". `is_there`: the program is known to be there.
absl::Status WordFailure(const absl::Status& status, const Process& process, bool is_there = false);

}  // namespace pelagos::oci
