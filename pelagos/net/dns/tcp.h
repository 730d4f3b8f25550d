// The askers that come by TCP.
//
// Bounded: kMaxConnections in all, kMaxPerAsker for one address, kMaxPending bytes of answers for
// a connection before its next query is looked at;
// who asks nothing for kIdle, or does not take the answers, is sent away.
// Source: RFC 7766.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/dns/forwarder.h"
#include "pelagos/net/dns/stream.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

class DnsTcp {
 public:
  static constexpr size_t kMaxConnections = 256;
  static constexpr size_t kMaxPerAsker = 8;
  static constexpr size_t kMaxPending = 128 << 10;
  static constexpr absl::Duration kIdle = absl::Seconds(10);

  // False: who asks gets no answer, and is sent away.
  using OnQuery = std::function<bool(const Forwarder::Asker& asker, absl::string_view message)>;

  // `loop` outlives it.
  DnsTcp(sys::EventLoop& loop, OnQuery on_query) : loop_(loop), on_query_(std::move(on_query)) {}
  DnsTcp(const DnsTcp&) = delete;
  DnsTcp& operator=(const DnsTcp&) = delete;
  ~DnsTcp();

  // Takes those who wait at a listening socket of `gateway`.
  void Accept(const sys::Ipv6& gateway, const Fd& listening);
  // Also within on_query. Nothing happens if the connection has gone.
  void Reply(uint64_t connection, absl::string_view message);
  // Sends away who came to a gateway that has gone.
  void Leave(const sys::Ipv6& gateway);

  size_t connections() const { return connections_.size(); }

 private:
  struct Connection {
    Forwarder::Asker asker;
    std::unique_ptr<DnsStream> stream;
    size_t unanswered = 0;
    uint32_t events = 0;  // that are watched
    bool ended = false;   // nothing more will come
    sys::EventLoop::TimerId timer = 0;
  };

  void Refuse(const Fd& listening);
  void OnEvents(uint64_t number, uint32_t events);
  // Looks at what is there, sends what can be sent, and decides what to wait for.
  void Work(uint64_t number, bool readable);
  void Rest(uint64_t number);  // kIdle begins
  void Close(uint64_t number);

  sys::EventLoop& loop_;
  const OnQuery on_query_;
  std::map<uint64_t, Connection> connections_;
  std::map<sys::Ipv6, size_t> per_asker_;
  Fd spare_;
  uint64_t last_ = 0;
  uint64_t working_ = 0;  // the connection whose queries are looked at
};

}  // namespace pelagos::net
