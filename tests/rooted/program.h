// Programs that a test runs: with a deadline, in the background, line by line, with signals.
//
// The test process is the subreaper of all it starts (PR_SET_CHILD_SUBREAPER): what outlives its
// parent becomes our child, can be seen, and is reaped here as init would. Single-threaded.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"

namespace pelagos::rooted {

// No step of a test takes longer, on a loaded machine either.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// Where programs are looked up; Bazel's own PATH leaves out those of the administrator.
inline constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct ProgramOptions {
  std::vector<std::string> env;  // KEY=VALUE, complete
  std::string folder;            // where it runs; empty: here
  int netns = -1;                // a network namespace to run in instead of the test's own
};

// What became of a program.
struct Outcome {
  int code = -1;  // its exit code, 128 + n if signal n ended it
  std::string out, err;

  // Both streams and the code, for failure messages.
  std::string Describe() const;
};

// A running program, in a process group of its own. Killed on destruction if it still runs.
class Program {
 public:
  // argv[0] is a path or is looked up in kPath. A program that cannot be started exits with 127.
  Program(std::vector<std::string> argv, ProgramOptions options);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }

  // The next line of its stdout, without new-line; nullopt at its end. A passed deadline is a test
  // failure, and nullopt.
  std::optional<std::string> NextLine(absl::Duration patience = kPatience);

  // Reads lines until one holds `text`; false (and a test failure) if none does.
  bool AwaitLine(const std::string& text, absl::Duration patience = kPatience);

  // To the program alone, as kill(1) does.
  void Signal(int signal);
  // To its process group, as a terminal does on Ctrl-C.
  void SignalGroup(int signal);

  // Waits for its end and the end of both streams. A program that does not end in time is killed,
  // which is a test failure; so is somebody else who keeps its streams open after its end: whoever
  // reads them by a pipe would hang.
  Outcome Wait(absl::Duration patience = kPatience);

  // True once it has ended.
  bool Ended();

 private:
  // Waits at most until `deadline` for output or the end; false if the deadline passed.
  bool Pump(absl::Time deadline);

  std::vector<std::string> argv_;
  pid_t pid_ = -1;
  Fd pidfd_, out_, err_;
  std::optional<int> code_;
  std::string all_out_, all_err_;
  size_t line_begin_ = 0;  // in all_out_: where the next line starts
};

// To be called once, before anything is started.
void BecomeSubreaper();

// Takes in the ends of orphans that became ours. Programs' own ends stay for them.
void ReapOrphans();

// All living descendants of this process (no zombies), after ReapOrphans.
std::vector<pid_t> Descendants();

// Waits until the process is gone or a zombie; false if it is not in time.
bool AwaitEnd(pid_t pid, absl::Duration patience = kPatience);

// Runs a program to its end, in this process' environment but for PATH. `netns` as in
// ProgramOptions.
Outcome Run(std::vector<std::string> argv, absl::Duration patience = kPatience, int netns = -1);

}  // namespace pelagos::rooted
