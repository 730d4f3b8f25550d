// pelagos-dns itself: listens on the gateways of every network of its folder, by UDP and TCP,
// answers by the rules of answer.h, and ends when no network is left.
//
// One thread, one event loop. The folder is watched (zone_watch.h) and the table of names changed
// file by file, while the sockets stay: no query is lost. Who connects to the socket `control` in
// the folder gets "ok\n" when everything that is there now is in force.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/dns/forwarder.h"
#include "pelagos/net/dns/tcp.h"
#include "pelagos/net/dns/udp.h"
#include "pelagos/net/dns/zone_table.h"
#include "pelagos/net/dns/zone_watch.h"
#include "pelagos/sys/event_loop.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

struct DnsServerOptions {
  std::string folder;
  std::string resolv_conf = "/etc/resolv.conf";
};

class DnsServer {
 public:
  // Locks the folder (waits for an earlier server to end), listens, reads the networks. An error
  // if one of the gateways cannot be listened on. `loop` outlives the server.
  static absl::StatusOr<std::unique_ptr<DnsServer>> Create(sys::EventLoop& loop,
                                                           const DnsServerOptions& options);
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer();

  // No network is left, or nobody could tell us of one any more.
  bool done() const { return done_; }

 private:
  struct Gateway {
    Fd udp, tcp;
  };

  DnsServer(sys::EventLoop& loop, const DnsServerOptions& options);

  absl::Status Listen();
  // Takes over what has changed in the folder. Goes as far as it can, and returns the first error
  // that stands.
  absl::Status Reload();
  // Listens on the gateways there are, and no more on others.
  absl::Status OpenGateways();
  absl::Status Open(const sys::Ipv6& gateway);
  void Close(const sys::Ipv6& gateway, const Gateway& sockets);
  void OnControl();
  void OnUdp(const sys::Ipv6& gateway);
  // What was decided, or an empty one if the answer comes later or never. `dropped` tells which.
  std::string Answer(const Forwarder::Asker& asker, absl::string_view message, bool& dropped);
  // An answer that came later.
  void Send(const Forwarder::Asker& asker, absl::string_view message);

  sys::EventLoop& loop_;
  const std::string folder_;
  Fd lock_;
  Fd control_;
  std::map<sys::Ipv6, Gateway> gateways_;
  ZoneTable table_;
  std::optional<ZoneWatch> watch_;
  bool all_open_ = false;
  Forwarder forwarder_;
  UdpBatch udp_;
  DnsTcp tcp_;
  uint32_t turn_ = 0;
  bool done_ = false;
};

}  // namespace pelagos::net
