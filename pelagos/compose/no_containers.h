// The host of programs that cannot start containers themselves: forms and futures are values all
// the same, and whoever would start one is told.
#pragma once

#include <string>
#include <vector>

#include "pelagos/compose/await_port.h"
#include "pelagos/compose/container_host.h"

namespace pelagos::compose {

class NoContainers final : public ContainerHost {
 public:
  ContainerId Begin(const ServiceSpec&, const std::vector<EnvVariable>&) override { return {}; }
  absl::Status Join(ContainerId) override {
    return absl::UnimplementedError(
        "containers cannot be started from a program yet: describe them with compose and "
        "compose-up");
  }
  std::string Name(ContainerId) const override { return ""; }
  std::string Ip(ContainerId) const override { return ""; }
  bool IsRunning(ContainerId) override { return false; }
  absl::Status Stop(ContainerId) override { return absl::OkStatus(); }
  absl::StatusOr<int> Wait(ContainerId) override { return 0; }
  absl::StatusOr<bool> AwaitPort(const std::string& host, uint16_t port,
                                 absl::Duration timeout) override {
    return compose::AwaitPort(host, port, timeout);
  }
};

}  // namespace pelagos::compose
