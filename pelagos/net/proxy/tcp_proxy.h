// Connections to listening sockets, passed on to a target each: splice(2) through pipes, so that no
// byte is copied through this process.
//
//   client  <->  [ socket | pipe -> | socket ]  <->  target
//           <->  [        | <- pipe |        ]
//
// - An end that has sent all (FIN) is passed on as that, the other way stays open (half-close). An
//   end that resets its connection, or a target that refuses it, resets the other.
// - Who does not read holds up who writes: at most a pipe and the sockets' buffers are between
// them.
// - Connections are bounded. More wait in the kernel's queue of the listening socket.
//
// Source: tcp(7), splice(2), shutdown(2), epoll(7).
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/proxy/pipe_pool.h"
#include "pelagos/net/proxy/poller.h"
#include "pelagos/net/proxy/socket_address.h"
#include "pelagos/net/proxy/timer.h"

namespace pelagos::net {

class TcpConnection;

class TcpProxy {
 public:
  // Descriptors that a connection may have at once: two sockets, two pipes.
  static constexpr size_t kDescriptorsEach = 6;

  // `poller` outlives it. `most` is the bound of connections, at least 1.
  TcpProxy(Poller& poller, size_t most);
  ~TcpProxy();

  // To be called once, first.
  absl::Status Prepare();

  // `socket` is bound; it listens from now on.
  absl::Status Listen(Fd socket, const SocketAddress& target);

  size_t connections() const { return connections_.size(); }

 private:
  friend class TcpConnection;
  struct Listener;

  void Accept(Listener& listener);
  void SetAccepting(bool accepting);
  // Of a connection that has closed its descriptors.
  void Forget(TcpConnection& connection);

  Poller& poller_;
  const size_t most_;
  Timer retry_;
  PipePool pipes_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::list<std::unique_ptr<TcpConnection>> connections_;
  bool accepting_ = true;
};

}  // namespace pelagos::net
