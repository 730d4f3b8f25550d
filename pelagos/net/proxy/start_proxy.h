// Starts pelagos-proxy, which passes on what comes to published ports where the kernel cannot:
// DNAT of ::1 does not exist, and a user without rights has no rules.
//
// The program belongs to nobody who would have to wait for it: it is started by a child that ends
// at once, so that init (or the nearest subreaper) reaps it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/policy/port_map.h"

namespace pelagos::net {

struct ProxyTarget {
  const Fd* socket = nullptr;  // bound; TCP: it listens from then on. Stays the caller's
  Protocol protocol = Protocol::kTcp;
  std::string address;  // IPv4 or IPv6, without brackets
  uint16_t port = 0;    // 1 to 65535
};

// Sessions of UDP end after that time of silence.
inline constexpr absl::Duration kProxyUdpIdle = absl::Seconds(90);

// `program` is the path of pelagos-proxy; empty: beside the running program. Returns once it takes
// connections. The value is its control end: the program ends at once when that is closed, also by
// kill -9 of its holder. Connections under way are reset then.
// The sockets become non-blocking, for their holder too. InvalidArgument for an address that is
// none, DeadlineExceeded if the program says nothing for 10 seconds, Unknown with its own words if
// it cannot do it.
absl::StatusOr<Fd> StartProxy(const std::string& program, const std::vector<ProxyTarget>& targets,
                              absl::Duration udp_idle = kProxyUdpIdle);

}  // namespace pelagos::net
