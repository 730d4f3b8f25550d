// An address and port of either family, as the kernel takes it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(sockaddr_storage);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// "10.99.0.2" or "fd00::2". InvalidArgument if it is neither.
inline absl::StatusOr<SocketAddress> ParseSocketAddress(absl::string_view text, uint16_t port) {
  SocketAddress address;
  if (text.find(':') == absl::string_view::npos) {
    PELAGOS_ASSIGN_OR_RETURN(const sys::Ipv4 ip, sys::ParseIpv4(text));
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(ip.bits);
    address.size = sizeof(at);
    std::memcpy(&address.storage, &at, sizeof(at));
    return address;
  }
  PELAGOS_ASSIGN_OR_RETURN(const sys::Ipv6 ip, sys::ParseIpv6(text));
  sockaddr_in6 at = {};
  at.sin6_family = AF_INET6;
  at.sin6_port = htons(port);
  std::memcpy(&at.sin6_addr, ip.bytes.data(), ip.bytes.size());
  address.size = sizeof(at);
  std::memcpy(&address.storage, &at, sizeof(at));
  return address;
}

}  // namespace pelagos::net
