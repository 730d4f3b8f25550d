// Where the containers live that a program starts itself, with container-start, run and their like.
// The language's side (imperative.h) knows this and nothing of the engine.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pelagos/spec/compose.h"
#include "pelagos/spec/container.h"

namespace pelagos::compose {

// A container that a host was asked for. Later ones compare greater.
struct ContainerId {
  size_t number = 0;
  friend auto operator<=>(const ContainerId&, const ContainerId&) = default;
};

// The messages of its Status are shown to the user as they are, at the form that asked. Destroying
// a host ends what it started.
class ContainerHost {
 public:
  virtual ~ContainerHost() = default;

  // Asks for a container of the service. A host may start it now, or beside its caller; in both
  // cases Join says what became of it. `env` goes on top of the service's own, later entries win.
  virtual ContainerId Begin(const ServiceSpec& service, const std::vector<EnvVariable>& env) = 0;
  // Waits until its program runs. Called once for each container.
  virtual absl::Status Join(ContainerId container) = 0;

  // What follows requires that Join was fine.

  virtual std::string Name(ContainerId container) const = 0;  // PROJECT-SERVICE
  // On its first network; empty: none.
  virtual std::string Ip(ContainerId container) const = 0;
  virtual bool IsRunning(ContainerId container) = 0;
  // Asks its program to end and does not wait for that. One that ended is no error.
  virtual absl::Status Stop(ContainerId container) = 0;
  // The exit code, when it has ended.
  virtual absl::StatusOr<int> Wait(ContainerId container) = 0;

  // Whether the port accepts a connection before the time is over; asked at least once. `host` is
  // an address, the name of a service whose container runs, or a name of the network.
  virtual absl::StatusOr<bool> AwaitPort(const std::string& host, uint16_t port,
                                         absl::Duration timeout) = 0;
};

}  // namespace pelagos::compose
