// Another process in a container (exec.h) with a terminal. Who asked for it may detach, and the
// process must keep its terminal then: a process of its own holds both.
//
//   command ---fork---> holder ---clone3---> the process
//     |  '--- client: attach_protocol.h       '- its terminal: the holder has the master
//     '------ leash: whose end without a word ends the process
//
// Source: pty(7), docker-exec(1) (--detach-keys).
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/exec.h"
#include "pelagos/container/inventory.h"

namespace pelagos::container {

struct HeldExec {
  Fd client;  // to attach to; the exit code comes there
  Fd leash;   // closed, it ends the process, unless LetGo
};

// Starts the process, and returns when its program runs; errors as Exec's. With
// `options.request.detached` it is let go from the beginning, and `client` is invalid. Requires:
// one thread.
absl::StatusOr<HeldExec> ExecHeld(Engine& engine, const Found& found, const ExecOptions& options);

// It goes on without us.
absl::Status LetGo(const Fd& leash);

}  // namespace pelagos::container
