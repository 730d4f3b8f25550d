#include "pelagos/net/dns/tcp.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "pelagos/net/dns/sockets.h"

namespace pelagos::net {
namespace {

constexpr size_t kLongestQuery = 4096;  // bytes
constexpr int kAtOnce = 16;             // before other sockets get their turn

Fd Spare() { return Fd(::eventfd(0, EFD_CLOEXEC)); }

}  // namespace

DnsTcp::~DnsTcp() {
  for (auto& [number, connection] : connections_) {
    loop_.CancelTimer(connection.timer);
    loop_.Forget(connection.stream->fd());
  }
}

void DnsTcp::Accept(const sys::Ipv6& gateway, const Fd& listening) {
  if (!spare_.valid()) spare_ = Spare();
  for (int i = 0; i < kAtOnce; ++i) {
    SocketAddress from;
    from.size = sizeof(from.storage);
    Fd fd(::accept4(listening.get(), from.get(), &from.size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) {
      if (errno == EMFILE || errno == ENFILE) Refuse(listening);
      return;
    }
    const Peer peer = PeerOf(from.storage);
    size_t& in_use = per_asker_[peer.address];
    // Whoever has enough is sent away; so the queue of the others goes on.
    if (in_use >= kMaxPerAsker || connections_.size() >= kMaxConnections) {
      if (in_use == 0) per_asker_.erase(peer.address);
      continue;
    }
    ++in_use;
    const uint64_t number = ++last_;
    Connection& connection = connections_[number];
    connection.asker = {gateway, peer.address, peer.port, number};
    connection.stream = std::make_unique<DnsStream>(std::move(fd), kLongestQuery);
    Rest(number);
    Work(number, /*readable=*/false);
  }
}

// Without a descriptor for it a connection would stay at the head of the queue, and be reported for
// ever: one is kept for this.
void DnsTcp::Refuse(const Fd& listening) {
  spare_.reset();
  Fd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
  spare_ = Spare();
}

void DnsTcp::Rest(uint64_t number) {
  Connection& connection = connections_.at(number);
  if (connection.timer != 0) loop_.CancelTimer(connection.timer);
  connection.timer = loop_.AddTimer(kIdle, [this, number] {
    connections_.at(number).timer = 0;
    Close(number);
  });
}

void DnsTcp::Work(uint64_t number, bool readable) {
  Connection& connection = connections_.at(number);
  DnsStream& stream = *connection.stream;
  bool wanted = true, spoke = false, full = false, broken = false;
  const DnsStream::OnMessage on_message = [&](absl::string_view message) {
    spoke = true;
    ++connection.unanswered;
    wanted = on_query_(connection.asker, message);
    full = stream.pending() >= kMaxPending;
    return wanted && !full;
  };
  working_ = number;
  do {
    full = false;
    DnsStream::State state = stream.Deliver(on_message);  // what there was no room for until now
    if (state == DnsStream::State::kOpen && wanted && !full && readable &&
        stream.pending() < kMaxPending) {
      state = stream.Receive(on_message);
      readable = false;
    }
    connection.ended |= state == DnsStream::State::kEnd;
    broken = state == DnsStream::State::kBroken || stream.Flush() == DnsStream::State::kBroken;
  } while (wanted && !broken && full && stream.pending() < kMaxPending);
  working_ = 0;
  if (broken || !wanted ||
      (connection.ended && stream.pending() == 0 && connection.unanswered == 0)) {
    return Close(number);
  }
  if (spoke) Rest(number);
  const bool room = !connection.ended && stream.pending() < kMaxPending;
  const uint32_t events = (room ? EPOLLIN : 0u) | (stream.pending() > 0 ? EPOLLOUT : 0u);
  if (events == connection.events && events != 0) return;
  connection.events = events;
  if (!loop_.Watch(stream.fd(), events, [this, number](uint32_t what) { OnEvents(number, what); })
           .ok()) {
    Close(number);
  }
}

void DnsTcp::OnEvents(uint64_t number, uint32_t events) {
  // With nothing to be watched for, what comes is the end of it.
  const bool over =
      (events & (EPOLLERR | EPOLLHUP)) != 0 && (events & connections_.at(number).events) == 0;
  if (over) return Close(number);
  Work(number, (events & EPOLLIN) != 0);
}

void DnsTcp::Reply(uint64_t number, absl::string_view message) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  --found->second.unanswered;
  found->second.stream->Add(message);
  if (working_ == number) return;  // Work sends it
  Rest(number);
  Work(number, /*readable=*/false);
}

void DnsTcp::Leave(const sys::Ipv6& gateway) {
  std::vector<uint64_t> leaving;
  for (const auto& [number, connection] : connections_) {
    if (connection.asker.gateway == gateway) leaving.push_back(number);
  }
  for (const uint64_t number : leaving) Close(number);
}

void DnsTcp::Close(uint64_t number) {
  auto node = connections_.extract(number);
  Connection& connection = node.mapped();
  if (connection.timer != 0) loop_.CancelTimer(connection.timer);
  loop_.Forget(connection.stream->fd());
  const auto in_use = per_asker_.find(connection.asker.address);
  if (--in_use->second == 0) per_asker_.erase(in_use);
}

}  // namespace pelagos::net
