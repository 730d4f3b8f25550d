// The process that stays with a container as long as it runs: it starts it, keeps its output, lets
// others attach, asks it for its health, starts it again by its policy, and gives back what it had.
//
//   command ---fork---> monitor ---clone3---> container
//     '--- a pipe: started, or why not          '- its output: the log, and who is attached
//
// One process, one thread, one event loop. It holds the claim of the container's id (claim.h), so
// whoever finds that free knows that nobody watches. Its container dies with it
// (PR_SET_PDEATHSIG): one whose monitor was killed is lost, not running unwatched.
//
//   running --ends--> exited, or by its policy: restarting --back-off--> running
//
// It begins with 100 ms and doubles up to a minute; a run of ten seconds begins anew
// (docker-run(1),
// --restart). A container that a command stopped (stop_mark.h) is not started again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/container/engine.h"
#include "pelagos/store/container.h"

namespace pelagos::container {

struct MonitorOptions {
  // One end of a socket pair (attach_protocol.h): who is attached from the first byte on. The
  // caller keeps the other. Invalid: nobody.
  Fd client;
  // Of a container with a terminal; 0: not set.
  uint16_t rows = 0, columns = 0;
  // Gets what the user should know about the container's network, if it is wanted.
  std::vector<std::string>* warnings = nullptr;
};

// Starts the container in a new process, which outlives this one, and returns when its program runs
// or could not be started: launch/failure.h reads from the error which. AlreadyExists while it
// runs. Requires: one thread. What the engine's image store holds stays with the monitor.
absl::Status StartMonitored(Engine& engine, const store::ContainerRecord& record,
                            MonitorOptions options);

}  // namespace pelagos::container
