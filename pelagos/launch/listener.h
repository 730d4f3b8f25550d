// The listener of a seccomp filter (SCMP_ACT_NOTIFY), from the container's first process to the
// program that answers.
//
// Source: seccomp_unotify(2), pidfd_getfd(2), unix(7), OCI runtime-spec config-linux.md ("The
// Container Process State").
#pragma once

#include <sys/types.h>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"
#include "pelagos/plan/launch_plan.h"
#include "pelagos/plan/op.h"

namespace pelagos::launch {

// Takes the descriptor `number` of the process and sends it, with the container process state, over
// the socket at op.listener_path, which must accept connections. Errors name the socket.
absl::Status HandOverListener(const LaunchPlan& plan, const InstallSeccomp& op, pid_t pid,
                              const Fd& pidfd, int number);

}  // namespace pelagos::launch
