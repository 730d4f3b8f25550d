// Words what the child reported: the plan's own line for the step, and the errno.
#pragma once

#include "absl/status/status.h"
#include "pelagos/launch/child_plan.h"
#include "pelagos/plan/launch_plan.h"

namespace pelagos::launch {

// The failure of one step, without the container's name:
//   "step 12, bind /x -> /y: No such file or directory"
//   "cannot run 'foo': not found in PATH (/usr/bin:/bin)"
// Requires: `report` is kFailed.
absl::Status WordFailure(const LaunchPlan& plan, const ChildReport& report);

// True if `status`, also after context was added on the way, is of the one step that runs the
// program: all before it had been done, and execve(2) refused. FindErrno says why.
bool IsExecFailure(const absl::Status& status);

// True if it is also known that execve(2) itself said so, and not a look for the program before it:
// of an ENOENT then either nobody looked, or the interpreter is what is missing.
bool IsExecveFailure(const absl::Status& status);

// What a command that was to run the program ends with, as docker-run(1) has it: 125 the runtime
// itself failed, 126 the program cannot be invoked, 127 it is not there.
int ExitCodeFor(const absl::Status& status);

}  // namespace pelagos::launch
