// Datagrams to bound sockets, passed on to a target each. A client (its address and port, and which
// of our addresses it wrote to) has a session: a socket of its own towards the target, so that
// answers find back. They come from the address that the client wrote to.
//
// - Sessions end after a time without a datagram in either direction.
// - They are bounded. One more takes the place of the one that has been silent longest.
// - What a socket cannot take at once is dropped, as UDP may.
//
// Source: udp(7), ip(7) IP_PKTINFO, ipv6(7) IPV6_RECVPKTINFO.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/proxy/poller.h"
#include "pelagos/net/proxy/socket_address.h"
#include "pelagos/net/proxy/timer.h"

namespace pelagos::net {

class UdpProxy {
 public:
  // `poller` outlives it. `most` is the bound of sessions, at least 1.
  UdpProxy(Poller& poller, size_t most, absl::Duration idle);
  ~UdpProxy();

  // To be called once, first.
  absl::Status Prepare();

  // `socket` is bound.
  absl::Status Serve(Fd socket, const SocketAddress& target);

  size_t sessions() const { return sessions_.size(); }

 private:
  struct Listener;
  struct Session;

  void FromClients(Listener& listener);
  void FromTarget(Session& session);
  // The session of that client, made if need be; null if it cannot be.
  Session* FindSession(Listener& listener, const SocketAddress& client, std::string local);
  void Touch(Session& session);
  void Expire();
  void End(Session& session);

  Poller& poller_;
  const size_t most_;
  const absl::Duration idle_;
  Timer timer_;
  bool armed_ = false;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::list<std::unique_ptr<Session>> sessions_;  // silent longest first
  std::unordered_map<std::string, Session*> by_client_;
  std::vector<char> buffer_;
};

}  // namespace pelagos::net
