// Which process of the host holds a port: for errors, so that people need not look for it.
//
// Source: proc(5), /proc/net/tcp and /proc/PID/fd.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/policy/port_map.h"

namespace pelagos::net {

// The inodes of sockets that are bound to the port, in the text of /proc/net/tcp, tcp6, udp or
// udp6; of TCP only those that listen, or are bound alone.
std::vector<std::string> SocketsOf(absl::string_view table, Protocol protocol, uint16_t port);

// "process 1234 (nginx)", of the caller's network namespace; "a process of this host" if it cannot
// be seen.
std::string DescribePortHolder(Protocol protocol, uint16_t port);

}  // namespace pelagos::net
