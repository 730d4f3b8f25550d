#include "pelagos/net/reservation.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/port_holder.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {
namespace {

std::string Text(const PortMapping& port) {
  return absl::StrCat("port ", HostSide(port), "/", NameOf(port.protocol));
}

// Where a socket is bound, of either family.
struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&bytes); }
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&bytes); }
};

absl::StatusOr<Address> AddressOf(const PortMapping& port) {
  Address address;
  if (IsIpv6Text(port.host_address)) {
    PELAGOS_ASSIGN_OR_RETURN(const sys::Ipv6 ipv6, sys::ParseIpv6(port.host_address));
    auto& at = reinterpret_cast<sockaddr_in6&>(address.bytes);
    at.sin6_family = AF_INET6;
    at.sin6_port = htons(port.host);
    std::copy(ipv6.bytes.begin(), ipv6.bytes.end(), at.sin6_addr.s6_addr);
    address.size = sizeof(at);
    return address;
  }
  PELAGOS_ASSIGN_OR_RETURN(const sys::Ipv4 ipv4, sys::ParseIpv4(port.host_address));
  auto& at = reinterpret_cast<sockaddr_in&>(address.bytes);
  at.sin_family = AF_INET;
  at.sin_port = htons(port.host);
  at.sin_addr.s_addr = htonl(ipv4.bits);
  address.size = sizeof(at);
  return address;
}

absl::StatusOr<Fd> BindPort(const PortMapping& port) {
  PELAGOS_ASSIGN_OR_RETURN(const Address address, AddressOf(port));
  const int family = address.raw()->sa_family;
  const bool tcp = port.protocol == Protocol::kTcp;
  Fd fd(::socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "socket");
  const int on = 1;
  if (family == AF_INET6 &&
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
    return ErrnoStatus(errno, "setsockopt", "IPV6_V6ONLY");
  }
  const auto bind = [&] { return ::bind(fd.get(), address.raw(), address.size) == 0 ? 0 : errno; };
  int error = bind();
  if (error == EADDRINUSE && tcp) {
    // Perhaps only the remains of old connections (TIME_WAIT), which do not hinder anybody.
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0) error = bind();
  }
  if (error == EADDRINUSE) return absl::AlreadyExistsError("it is taken");
  if (error == EADDRNOTAVAIL) {
    return absl::FailedPreconditionError(
        absl::StrCat(Text(port), ": no interface of this host has that address"));
  }
  if (error != 0) return ErrnoStatus(error, "bind", Text(port));
  return fd;
}

absl::StatusOr<uint16_t> PortOf(const Fd& fd) {
  Address address;
  address.size = sizeof(address.bytes);
  if (::getsockname(fd.get(), address.raw(), &address.size) != 0) {
    return ErrnoStatus(errno, "getsockname");
  }
  return ntohs(address.raw()->sa_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address.bytes).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address.bytes).sin_port);
}

// The next number for a port that is not fixed; 0: there is none.
uint16_t NextOf(const PortMapping& asked, uint16_t last) {
  if (asked.host_last == 0 || last >= asked.host_last) return 0;
  return static_cast<uint16_t>(last + 1);
}

// Makes `port` fixed.
absl::StatusOr<Fd> BindFree(PortMapping& port, const PortCheck& check) {
  const PortMapping asked = port;
  port.host_last = 0;
  if (asked.host == 0) {
    // The kernel's choice; who has reserved it without holding it has been killed.
    constexpr int kAttempts = 100;
    for (int i = 0; i < kAttempts; ++i) {
      port.host = 0;
      PELAGOS_ASSIGN_OR_RETURN(Fd fd, BindPort(port));
      PELAGOS_ASSIGN_OR_RETURN(port.host, PortOf(fd));
      if (check(port).ok()) return fd;
    }
    return absl::ResourceExhaustedError(absl::StrCat(Text(asked), ": no port is free"));
  }
  for (port.host = asked.host; port.host != 0; port.host = NextOf(asked, port.host)) {
    if (!check(port).ok()) continue;
    absl::StatusOr<Fd> fd = BindPort(port);
    if (!absl::IsAlreadyExists(fd.status())) return fd;
  }
  return absl::AlreadyExistsError(absl::StrCat(Text(asked), ": none of them is free"));
}

}  // namespace

absl::StatusOr<Reservation> BindPorts(const std::vector<PortMapping>& asked,
                                      const PortCheck& check) {
  std::vector<PortMapping> ports = asked;
  std::vector<Fd> sockets;
  for (PortMapping& port : ports) {
    if (port.inside == 0) {
      return absl::InvalidArgumentError("a published port has to lie between 1 and 65535");
    }
    if (!port.fixed()) {
      PELAGOS_ASSIGN_OR_RETURN(Fd fd, BindFree(port, check));
      sockets.push_back(std::move(fd));
      continue;
    }
    PELAGOS_RETURN_IF_ERROR(check(port));
    absl::StatusOr<Fd> fd = BindPort(port);
    if (absl::IsAlreadyExists(fd.status())) {
      return absl::AlreadyExistsError(
          absl::StrCat(Text(port), " is in use by ", DescribePortHolder(port.protocol, port.host)));
    }
    PELAGOS_RETURN_IF_ERROR(fd.status());
    sockets.push_back(*std::move(fd));
  }
  return Reservation(std::move(ports), std::move(sockets));
}

}  // namespace pelagos::net
