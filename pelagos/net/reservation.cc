#include "pelagos/net/reservation.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/net/ipv4.h"

namespace pelagos::net {
namespace {

absl::StatusOr<Fd> BindPort(const PortMapping& port, sys::Ipv4 address) {
  const bool tcp = port.protocol == Protocol::kTcp;
  Fd fd(::socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "socket");
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port.host);
  at.sin_addr.s_addr = htonl(address.bits);
  const auto bind = [&] {
    return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0 ? 0 : errno;
  };
  int error = bind();
  if (error == EADDRINUSE && tcp) {
    // Perhaps only the remains of old connections (TIME_WAIT), which do not hinder anybody.
    const int on = 1;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0) error = bind();
  }
  const std::string name =
      absl::StrCat(port.host_address, ":", port.host, "/", NameOf(port.protocol));
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat("port ", name, " is in use by a process of this host"));
  }
  if (error == EADDRNOTAVAIL) {
    return absl::FailedPreconditionError(
        absl::StrCat("port ", name, ": no interface of this host has that address"));
  }
  if (error != 0) return ErrnoStatus(error, "bind", name);
  return fd;
}

}  // namespace

absl::StatusOr<Reservation> BindPorts(const std::vector<PortMapping>& ports) {
  std::vector<Fd> sockets;
  for (const PortMapping& port : ports) {
    if (port.host == 0 || port.inside == 0) {
      return absl::InvalidArgumentError("a published port has to lie between 1 and 65535");
    }
    PELAGOS_ASSIGN_OR_RETURN(sys::Ipv4 address, sys::ParseIpv4(port.host_address));
    PELAGOS_ASSIGN_OR_RETURN(Fd fd, BindPort(port, address));
    sockets.push_back(std::move(fd));
  }
  return Reservation(std::move(sockets));
}

}  // namespace pelagos::net
