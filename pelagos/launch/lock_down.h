// A process that only looks: what `--dry-run` becomes before it begins, so that no mistake in the
// planning can change the machine.
//
// Source: landlock(7), seccomp(2).
#pragma once

#include "absl/status/statusor.h"

namespace pelagos::launch {

// From now on this process, for good:
// - reads files, and writes to descriptors that are open already;
// - cannot open a file for writing, make, remove, rename or change one, run a program, mount,
//   signal, connect, make a process or change itself or the system: EPERM, or EACCES from
//   Landlock.
// Requires: one thread. false: the kernel has no Landlock, and openat2(2), whose flags a filter
// cannot see, could still open for writing.
absl::StatusOr<bool> LockDown();

}  // namespace pelagos::launch
