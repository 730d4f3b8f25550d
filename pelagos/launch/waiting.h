// A container that was created and waits to be started, by whichever process does it.
//
//   create: ListenForStart --> Launch(AwaitExec in the plan) --> Create; the creator may end
//   start:  Resume         --> the program runs
//
// The waiting process listens on a socket in a folder of the runtime's (unix(7), SOCK_SEQPACKET);
// no process of ours stays. child_plan.h has the protocol.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/plan/launch_plan.h"

namespace pelagos::launch {

// Makes the socket, which must not be there. Its path may be longer than sockaddr_un is.
absl::StatusOr<Fd> ListenForStart(const std::string& path);

// Lets the process go on and waits until its program runs. NOT_FOUND: nobody waits there. A failure
// is worded from the plan, which is made only then, as is what a seccomp listener needs.
absl::Status Resume(const std::string& path, pid_t pid, const Fd& pidfd,
                    const std::function<absl::StatusOr<LaunchPlan>()>& plan);

}  // namespace pelagos::launch
