// Ports of the host, held by sockets.
//
// Source: bind(2), ip(7), ipv6(7).
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/policy/port_map.h"

namespace pelagos::net {

// Host ports held for a container. The sockets are bound, not listening: as long as they live, no
// process of the host can take the ports. Keep it while the container runs (its monitor or the
// supervisor does); destroying it frees the sockets, not the record (Networks::Detach does that).
class [[nodiscard]] Reservation {
 public:
  Reservation() = default;
  Reservation(std::vector<PortMapping> ports, std::vector<Fd> sockets)
      : ports_(std::move(ports)), sockets_(std::move(sockets)) {}

  // All fixed, in the order in which they were asked for; and the socket of each.
  const std::vector<PortMapping>& ports() const { return ports_; }
  const std::vector<Fd>& sockets() const { return sockets_; }

 private:
  std::vector<PortMapping> ports_;
  std::vector<Fd> sockets_;
};

// Says whether a port that is fixed may be had, as far as anybody but the kernel knows.
// AlreadyExists: it may not, by whom.
using PortCheck = std::function<absl::Status(const PortMapping& port)>;

// Binds a socket for each port and does not listen; IPv6 ones are for IPv6 alone. A port that is
// not fixed becomes the first that `check` and the kernel let us have. AlreadyExists if a process
// of the host has it, named; FailedPrecondition if the address is not one of the host's;
// InvalidArgument if what was asked for is no port.
absl::StatusOr<Reservation> BindPorts(const std::vector<PortMapping>& ports,
                                      const PortCheck& check);

}  // namespace pelagos::net
