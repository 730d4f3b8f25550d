#include "pelagos/net/dns/sockets.h"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/net/dns/mapped.h"

namespace pelagos::net {
namespace {

constexpr uint16_t kDnsPort = 53;
constexpr int kReceiveBuffer = 1 << 20;  // bytes; the kernel gives what net.core.rmem_max allows

struct Option {
  int level, name;
  const char* text;
  bool v4, v6, stream;
};

// One network whose bridge somebody deleted must not silence the others: FREEBIND.
constexpr Option kOptions[] = {
    {IPPROTO_IP, IP_FREEBIND, "IP_FREEBIND", true, false, false},
    {IPPROTO_IPV6, IPV6_FREEBIND, "IPV6_FREEBIND", false, true, false},
    {IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY", false, true, false},
    {SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR", true, true, true},
};

}  // namespace

SocketAddress SocketAddressOf(const Peer& peer) {
  SocketAddress result;
  if (const std::optional<sys::Ipv4> v4 = Unmapped(peer.address)) {
    auto* in = reinterpret_cast<sockaddr_in*>(&result.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(peer.port);
    in->sin_addr.s_addr = htonl(v4->bits);
    result.size = sizeof(*in);
    return result;
  }
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  in6->sin6_family = AF_INET6;
  in6->sin6_port = htons(peer.port);
  std::memcpy(&in6->sin6_addr, peer.address.bytes.data(), 16);
  result.size = sizeof(*in6);
  return result;
}

Peer PeerOf(const sockaddr_storage& address) {
  Peer peer;
  if (address.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address);
    peer = {Mapped(sys::Ipv4{ntohl(in->sin_addr.s_addr)}), ntohs(in->sin_port)};
  } else if (address.ss_family == AF_INET6) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&address);
    std::memcpy(peer.address.bytes.data(), &in6->sin6_addr, 16);
    peer.port = ntohs(in6->sin6_port);
  }
  return peer;
}

absl::StatusOr<Fd> OpenDnsSocket(const sys::Ipv6& gateway, int type) {
  const std::optional<sys::Ipv4> v4 = Unmapped(gateway);
  const bool stream = type == SOCK_STREAM;
  const std::string name =
      absl::StrCat(v4 ? sys::ToString(*v4) : absl::StrCat("[", sys::ToString(gateway), "]"), ":",
                   kDnsPort, stream ? "/tcp" : "");
  Fd fd(::socket(v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "socket", name);
  const int on = 1;
  for (const Option& option : kOptions) {
    if (!(v4 ? option.v4 : option.v6) || (option.stream && !stream)) continue;
    if (::setsockopt(fd.get(), option.level, option.name, &on, sizeof(on)) != 0) {
      return ErrnoStatus(errno, "setsockopt", option.text);
    }
  }
  if (!stream &&
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer)) != 0) {
    return ErrnoStatus(errno, "setsockopt", "SO_RCVBUF");
  }
  const SocketAddress at = SocketAddressOf({gateway, kDnsPort});
  if (::bind(fd.get(), at.get(), at.size) != 0 ||
      (stream && ::listen(fd.get(), 64) != 0)) {  // EADDRINUSE may also come from listen(2)
    const int error = errno;
    absl::Status status = ErrnoStatus(error, "bind", name);
    if (error != EADDRINUSE) return status;
    return absl::Status(status.code(), absl::StrCat(status.message(),
                                                    " (another DNS server listens on all addresses "
                                                    "of this host; let it leave out this one)"));
  }
  return fd;
}

}  // namespace pelagos::net
