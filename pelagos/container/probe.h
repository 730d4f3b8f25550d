// One probe of a container's health: its check, run in it as exec does, with an end.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/health.h"
#include "pelagos/container/inventory.h"
#include "pelagos/policy/health_check.h"

namespace pelagos::container {

// Runs the check, kills it when its time is up, and keeps what came of it in health.json. The value
// is what the container's health is now; Health::log ends with this probe. FailedPrecondition: it
// has no check, or does not run. May be called by several processes at once.
absl::StatusOr<Health> Probe(Engine& engine, const Found& found);

// The same in a process of its own, which its parent waits for: the exit code is 0 if the check
// succeeded, else 1. It ends with the thread that forked it. `id` as of the record.
int RunProbe(Engine& engine, const std::string& id);

}  // namespace pelagos::container
