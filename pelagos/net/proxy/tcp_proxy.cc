#include "pelagos/net/proxy/tcp_proxy.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/proxy/tcp_connection.h"

namespace pelagos::net {
namespace {

constexpr int kBacklog = 4096;  // of a listening socket; the kernel's somaxconn bounds it
constexpr int kAccepts = 64;    // of one listening socket before the others' turn
// Until it asks again after the host was out of memory or descriptors.
constexpr absl::Duration kRetry = absl::Seconds(1);

}  // namespace

struct TcpProxy::Listener : Poller::Handler {
  Listener(TcpProxy& owner, Fd socket, const SocketAddress& to)
      : proxy(owner), fd(std::move(socket)), target(to) {}
  void OnEvents(uint32_t) override { proxy.Accept(*this); }
  TcpProxy& proxy;
  Fd fd;
  SocketAddress target;
};

TcpProxy::TcpProxy(Poller& poller, size_t most)
    : poller_(poller), most_(most), retry_(poller, [this] { SetAccepting(true); }) {}
TcpProxy::~TcpProxy() = default;

absl::Status TcpProxy::Prepare() { return retry_.Prepare(); }

absl::Status TcpProxy::Listen(Fd socket, const SocketAddress& target) {
  if (::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus(errno, "fcntl");
  TuneTcp(socket);
  if (::listen(socket.get(), kBacklog) != 0) return ErrnoStatus(errno, "listen");
  // For its connections, which have it from here: what remains of them (TIME_WAIT) does not keep
  // the port from who binds it next. Nobody else gets the port of a socket that listens.
  const int on = 1;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
    return ErrnoStatus(errno, "setsockopt", "SO_REUSEADDR");
  }
  listeners_.push_back(std::make_unique<Listener>(*this, std::move(socket), target));
  return poller_.Add(listeners_.back()->fd, EPOLLIN, *listeners_.back());
}

void TcpProxy::Accept(Listener& listener) {
  for (int i = 0; i < kAccepts; ++i) {
    if (connections_.size() >= most_) return SetAccepting(false);
    Fd client(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.valid()) {
      // Nothing to be had now, or this connection is gone already: the next round sees.
      const bool full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (full) {
        SetAccepting(false);
        retry_.Arm(kRetry);
      }
      return;
    }
    connections_.push_back(std::make_unique<TcpConnection>(*this, std::move(client)));
    TcpConnection& connection = *connections_.back();
    connection.place = std::prev(connections_.end());
    if (!connection.Start(listener.target).ok()) connection.Abort();
  }
}

void TcpProxy::SetAccepting(bool accepting) {
  if (accepting_ == accepting) return;
  accepting_ = accepting;
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    // A known descriptor with valid arguments: it cannot fail (epoll_ctl(2)).
    (void)poller_.Change(listener->fd, accepting ? uint32_t{EPOLLIN} : 0, *listener);
  }
}

void TcpProxy::Forget(TcpConnection& connection) {
  const auto place = connection.place;
  poller_.Retire(std::move(*place));
  connections_.erase(place);
  SetAccepting(true);
}

}  // namespace pelagos::net
