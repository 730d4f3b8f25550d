// The sockets of pelagos-dns, and the addresses of those who use them.
#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

struct Peer {
  sys::Ipv6 address;  // IPv4: mapped
  uint16_t port = 0;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// IPv4 for a mapped address.
SocketAddress SocketAddressOf(const Peer& peer);
Peer PeerOf(const sockaddr_storage& address);

// A socket at port 53 of the address, which an interface need not have yet. `type` is SOCK_DGRAM,
// or SOCK_STREAM for one that listens. The error says what to do if the port is taken.
absl::StatusOr<Fd> OpenDnsSocket(const sys::Ipv6& gateway, int type);

}  // namespace pelagos::net
