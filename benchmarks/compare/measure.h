// Runs programs many times, in turn, and says how long they took.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pelagos::benchmarks {

// One contestant: a command that does what is measured and ends.
struct Entry {
  std::string name;
  std::vector<std::string> argv;     // argv[0] is a path
  std::string fd9;                   // a file that it finds open as descriptor 9, or ""
  std::vector<std::string> cleanup;  // folders that are removed after each run, outside the time
  std::string input = {};            // the file it reads as standard input; "": nothing
  std::string output = {};           // the file that holds its standard output; "": ours
  int mounts = -1;                   // the mount namespace it runs in; -1: ours
};

struct Sample {
  double wall_ms = 0;
  double cpu_ms = 0;  // user and system, of the command and all that it waited for
};

// Where Debian or the administrator put a program.
std::optional<std::string> FindProgram(const std::string& name);

// Runs once; anything but exit code 0 is an error. The caller's mount namespace is the entry's from
// then on, and its working directory that one's root, if it has one.
absl::StatusOr<Sample> RunOnce(const Entry& entry);

// `rounds` samples of each entry. In every round each runs once, in an order of its own: what the
// kernel has still to clear up after one is paid by all others alike.
absl::StatusOr<std::vector<std::vector<Sample>>> RunInTurn(const std::vector<Entry>& entries,
                                                           int rounds);

// The system calls of one run, all processes together (strace -f -c).
absl::StatusOr<uint64_t> CountSystemCalls(const Entry& entry, const std::string& strace,
                                          const std::string& scratch_file);

// The value below which `fraction` of the values lie; `values` must not be empty.
double Quantile(std::vector<double> values, double fraction);

}  // namespace pelagos::benchmarks
