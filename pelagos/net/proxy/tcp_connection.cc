#include "pelagos/net/proxy/tcp_connection.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::net {
namespace {

constexpr uint32_t kEverything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr int kRounds = 8;        // that one flow may have before the others' turn
constexpr int kConnectTries = 4;  // SYN packets after the first one: about half a minute

}  // namespace

// Best effort: a connection works without them.
void TuneTcp(const Fd& fd) {
  const int on = 1, idle = 60;
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // Finds peers that are gone without a word.
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
}

absl::Status TcpConnection::Start(const SocketAddress& target) {
  target_.fd =
      Fd(::socket(target.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!target_.fd.valid()) return ErrnoStatus(errno, "socket");
  TuneTcp(target_.fd);
  (void)::setsockopt(target_.fd.get(), IPPROTO_TCP, TCP_SYNCNT, &kConnectTries,
                     sizeof(kConnectTries));
  if (::connect(target_.fd.get(), target.get(), target.size) != 0 && errno != EINPROGRESS) {
    return ErrnoStatus(errno, "connect");
  }
  PELAGOS_RETURN_IF_ERROR(proxy_.poller_.Add(target_.fd, kEverything, target_));
  return proxy_.poller_.Add(client_.fd, kEverything, client_);
}

void TcpConnection::OnEnd(End& end, uint32_t events) {
  if (closed_) return;
  constexpr uint32_t kBroken = EPOLLERR | EPOLLHUP;
  if ((events & (EPOLLIN | EPOLLRDHUP | kBroken)) != 0) end.readable = true;
  if ((events & (EPOLLOUT | kBroken)) != 0) end.writable = true;
  const bool is_client = &end == &client_;
  if (!connected_) {
    if (is_client) {
      if ((events & EPOLLERR) != 0) Abort();
      return;
    }
    if ((events & (EPOLLOUT | kBroken)) == 0) return;
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(end.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
      Abort();
      return;
    }
    connected_ = true;
  } else if ((events & EPOLLERR) != 0 && (is_client ? up_ : down_).ended) {
    Abort();  // nothing will be read from it any more, which would say so
    return;
  }
  Pump();
}

void TcpConnection::OnEvents(uint32_t) {
  again_ = false;
  if (!closed_) Pump();
}

void TcpConnection::Pump() {
  const Turn up = Pump(client_, target_, up_);
  const Turn down = up == Turn::kBroken ? up : Pump(target_, client_, down_);
  if (up == Turn::kBroken || down == Turn::kBroken) {
    Abort();
  } else if (up_.shut && down_.shut) {
    Close();
  } else if ((up == Turn::kFull || down == Turn::kFull) && !again_) {
    again_ = true;
    proxy_.poller_.Again(*this);
  }
}

TcpConnection::Turn TcpConnection::Pump(End& from, End& to, Flow& flow) {
  constexpr unsigned kFlags = SPLICE_F_NONBLOCK | SPLICE_F_MOVE;
  Turn turn = Turn::kFull;
  for (int round = 0; round < kRounds && turn == Turn::kFull; ++round) {
    bool moved = false;
    if (from.readable && !flow.ended) {
      if (!flow.pipe) {
        absl::StatusOr<Pipe> pipe = proxy_.pipes_.Take();
        if (!pipe.ok()) return Turn::kBroken;
        flow.pipe = *std::move(pipe);
      }
      const ssize_t size = ::splice(from.fd.get(), nullptr, flow.pipe->writer.get(), nullptr,
                                    PipePool::kBytes, kFlags);
      if (size < 0 && errno != EAGAIN && errno != EINTR) return Turn::kBroken;
      moved = size >= 0 || errno == EINTR;
      if (size > 0) flow.held += static_cast<size_t>(size);
      if (size == 0) flow.ended = true;
      // With something in the pipe it may be the pipe that is full.
      if (!moved && flow.held == 0) from.readable = false;
    }
    if (flow.held > 0 && to.writable) {
      const ssize_t size =
          ::splice(flow.pipe->reader.get(), nullptr, to.fd.get(), nullptr, flow.held, kFlags);
      if (size < 0 && errno != EAGAIN && errno != EINTR) return Turn::kBroken;
      if (size < 0 && errno == EAGAIN) to.writable = false;
      moved = moved || to.writable;
      if (size > 0) flow.held -= static_cast<size_t>(size);
    }
    if (!moved) turn = Turn::kWaits;
  }
  if (flow.held == 0 && flow.pipe) {
    proxy_.pipes_.Give(*std::exchange(flow.pipe, std::nullopt));
  }
  if (flow.held == 0 && flow.ended && !flow.shut) {
    flow.shut = true;
    // ENOTCONN: it is gone already, and says so when it is read.
    (void)::shutdown(to.fd.get(), SHUT_WR);
  }
  return flow.shut ? Turn::kWaits : turn;
}

void TcpConnection::Abort() {
  const linger reset = {1, 0};
  for (const End* end : {&client_, &target_}) {
    if (end->fd.valid()) {
      (void)::setsockopt(end->fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
  }
  Close();
}

void TcpConnection::Close() {
  closed_ = true;
  client_.fd.reset();
  target_.fd.reset();
  for (Flow* flow : {&up_, &down_}) {
    if (flow->pipe && flow->held == 0) proxy_.pipes_.Give(*std::move(flow->pipe));
    flow->pipe.reset();
  }
  proxy_.Forget(*this);
}

}  // namespace pelagos::net
