// Ports of the host, held by sockets.
//
// Source: bind(2), ip(7).
#pragma once

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/policy/port_map.h"

namespace pelagos::net {

// Host ports held for a container. The sockets are bound, not listening: as long as they live, no
// process of the host can take the ports. Keep it while the container runs (the supervisor does);
// destroying it frees the sockets, not the record (Networks::Detach does that).
class [[nodiscard]] Reservation {
 public:
  Reservation() = default;
  explicit Reservation(std::vector<Fd> sockets) : sockets_(std::move(sockets)) {}

  const std::vector<Fd>& sockets() const { return sockets_; }

 private:
  std::vector<Fd> sockets_;
};

// Binds a socket for each port and does not listen. AlreadyExists if a process of the host has it,
// FailedPrecondition if the address is not one of the host's, InvalidArgument for port 0.
absl::StatusOr<Reservation> BindPorts(const std::vector<PortMapping>& ports);

}  // namespace pelagos::net
