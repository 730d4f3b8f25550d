// Another process in a container that runs, of whichever kind: in its namespaces and cgroups, with
// the limits and rights of its first process.
//
//   command ---clone3 into the cgroup---> child ---setns(pidfd)---> the program
//
// It is the caller's child, and dies with the thread that started it unless it is detached; with
// the container it dies in any case (pid_namespaces(7)).
//
// Source: docker-exec(1), setns(2), pidfd_open(2).
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "pelagos/container/engine.h"
#include "pelagos/container/inventory.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/plan/exec.h"
#include "pelagos/plan/host_facts.h"
#include "pelagos/store/paths.h"
#include "pelagos/sys/self_status.h"

namespace pelagos::container {

struct ExecOptions {
  ExecRequest request;
  // "UID[:GID]" or "NAME[:GROUP]", looked up in the container as it is now; unset: the container's.
  std::optional<std::string> user;
  Streams streams = {};
};

// An ordinary user's runtime is in a user namespace, and whoever runs something in its containers
// goes there too, for good: before Exec, and before the engine is opened. Nothing for root.
absl::StatusOr<std::optional<RootlessFacts>> EnterRuntimeOf(const store::Roots& roots,
                                                            const Found& found,
                                                            const sys::SelfStatus* self = nullptr);

// Returns when the program runs. FailedPrecondition: the container does not run, or is paused.
// launch/failure.h reads from other errors whether the program is not there.
absl::StatusOr<launch::Launched> Exec(Engine& engine, const Found& found,
                                      const ExecOptions& options);

}  // namespace pelagos::container
