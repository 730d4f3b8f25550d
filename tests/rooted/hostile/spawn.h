// Runs a runtime as a careless caller would: with open descriptors of the host, a secret in the
// environment, inheritable and ambient capabilities, and a session keyring, none of which may get
// into a container; on a terminal, if asked to.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace pelagos::hostile {

struct SpawnOptions {
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::string folder;            // where it runs
  std::string null;              // a null device, which is its input: not the machine's own
  std::vector<int> descriptors;  // open in the runtime too, each several times
  uid_t uid = 0;                 // 0: as the caller
  bool hide_v2 = false;          // in a mount namespace without a hybrid host's cgroup v2
  bool quiet = false;            // all three streams are /dev/null: for what goes on behind it
  bool terminal = false;         // all three streams are a new terminal; `out` is what it shows
  absl::Duration patience = absl::Seconds(20);
};

struct Spawned {
  int code = -1;  // 128 + n if signal n ended it
  bool hung = false;
  std::string out, err;
  // Of the host's terminal: what was typed into it by somebody else, and whether its owner or mode
  // are other than before.
  bool typed_into = false, terminal_changed = false;
};

Spawned Spawn(const SpawnOptions& options);

}  // namespace pelagos::hostile
