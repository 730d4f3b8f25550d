// One connection of tcp_proxy.h.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/proxy/tcp_proxy.h"

namespace pelagos::net {

// What every connection is to have. Those that a listening socket accepts have it from that.
void TuneTcp(const Fd& fd);

class TcpConnection : public Poller::Handler {
 public:
  TcpConnection(TcpProxy& proxy, Fd client) : proxy_(proxy), client_{*this, std::move(client)} {}

  // Begins to connect to the target. On an error it is to be thrown away.
  absl::Status Start(const SocketAddress& target);

  void OnEvents(uint32_t events) override;  // another turn

  // Where its owner has it.
  std::list<std::unique_ptr<TcpConnection>>::iterator place;

  // Both ends get a reset.
  void Abort();

 private:
  struct End : Poller::Handler {
    End(TcpConnection& connection, Fd socket) : connection(connection), fd(std::move(socket)) {}
    void OnEvents(uint32_t events) override { connection.OnEnd(*this, events); }
    TcpConnection& connection;
    Fd fd;
    // Edge-triggered: true until the kernel says EAGAIN.
    bool readable = false, writable = false;
  };
  struct Flow {
    std::optional<Pipe> pipe;
    size_t held = 0;     // bytes in the pipe
    bool ended = false;  // the sender has sent all
    bool shut = false;   // and the receiver knows
  };
  enum class Turn { kWaits, kFull, kBroken };

  void OnEnd(End& end, uint32_t events);
  void Pump();
  Turn Pump(End& from, End& to, Flow& flow);
  void Close();

  TcpProxy& proxy_;
  End client_, target_{*this, Fd()};
  Flow up_, down_;  // from the client, from the target
  bool connected_ = false;
  bool closed_ = false;
  bool again_ = false;
};

}  // namespace pelagos::net
