// What a launch takes beside its plan: open descriptors.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/base/laps.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::launch {

// NamespaceJoin::container, opened while that certainly ran.
struct PinnedNamespace {
  Namespace kind = Namespace::kIpc;
  int fd = -1;
};

// Descriptors of the caller, who keeps them and may close them once Launch has returned. -1 is the
// container's own /dev/null, which its root must then have.
struct LaunchIo {
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  // A container with a terminal has that for its streams; its size, 0: not set.
  uint16_t rows = 0, columns = 0;
  // Descriptors 3 to 2 + preserved of the caller are the program's too.
  int preserved = 0;
  // Of a plan with AwaitExec: a listening socket (SOCK_SEQPACKET), above the preserved ones.
  int start_listener = -1;
  // The namespaces of other containers that the plan joins.
  std::vector<PinnedNamespace> namespaces = {};
  // A pidfd of the process whose namespaces all joins of the plan are, whatever they name: they are
  // joined at once (setns(2), Linux 5.8).
  int joined_process = -1;
  // Our 0, 1 and 2 are as execve(2) left them to us: open, and not close-on-exec. Saves the child
  // to ask.
  bool inherited = false;
  // Of the calling thread, if it was read already; null: Launch reads it.
  const sys::SelfStatus* self = nullptr;
  std::optional<bool> in_initial_user_namespace = {};  // likewise
  // Of a plan whose cgroup is `placed_by` a service manager: has it put the process there.
  const std::function<absl::Status(pid_t)>* place = nullptr;
  Laps* laps = nullptr;  // of the launch and each of its steps
};

}  // namespace pelagos::launch
