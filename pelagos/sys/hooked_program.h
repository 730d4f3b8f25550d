// A program with a text on its standard input, a time to live, and, if wanted, other namespaces
// than ours: how hooks of containers are run.
//
// Source: setns(2) (of a pidfd), pid_namespaces(7), OCI runtime-spec config.md ("POSIX-platform
// Hooks").
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"

namespace pelagos::sys {

struct HookedProgram {
  std::string path;               // looked up in the mount namespace of `host`, or where it runs
  std::vector<std::string> argv;  // argv[0] included; empty: the path
  std::vector<std::string> env;   // KEY=VALUE, nothing else
  std::string input;              // standard input
  std::optional<int64_t> timeout_seconds;
  // The process whose namespaces are entered, all that `namespaces` (CLONE_NEW*) names; 0: none.
  int pidfd = -1;
  uint64_t namespaces = 0;
  size_t most_output = 16384;  // bytes of each stream that are kept
  std::string folder = {};     // the working folder, if it is there; empty: as it comes
  // Who starts it, with these streams, instead of all the above but the input, the timeout and what
  // is kept: a child of ours, by its pidfd. It leads a process group.
  std::function<absl::StatusOr<Fd>(int stdin_fd, int stdout_fd, int stderr_fd)> start = {};
};

struct HookedResult {
  int code = 0;            // the exit code, or 128 + the signal
  int signal = 0;          // that ended it; 0: none
  bool timed_out = false;  // it was killed
  std::string output;      // what it wrote on standard output, the beginning
  std::string errors;      // and on standard error
};

// Waits for its end. The program, and on Linux 6.9 and newer all that it started in its process
// group, are killed when its time is over. Only for processes with one thread. An error: it was not
// started at all.
absl::StatusOr<HookedResult> RunHooked(const HookedProgram& program);

}  // namespace pelagos::sys
