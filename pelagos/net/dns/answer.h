// What pelagos-dns does with a message: the rules of the names, as a function of values.
//
//   NAME, NAME.pelagos    a name of the asker's networks: its addresses (A, AAAA), no other types
//   NAME.DOMAIN           the same, of the network with that domain only
//   single labels         unknown ones do not exist: they are never asked outside
//   addresses (PTR)       of the asker's networks are answered here
//   everything else       is asked from the resolvers of the container, of the network or of the
//                         host; or fails, if all networks of the asker are internal (SERVFAIL, as
//                         Docker answers there)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/net/dns/message.h"
#include "pelagos/net/dns/zone_table.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

// Who is asked outside.
struct DnsUpstream {
  std::string scope;                   // the network: answers are kept for each of its own
  std::vector<std::string> resolvers;  // addresses; empty: those of the host
};

struct DnsDecision {
  enum class Kind : uint8_t { kDrop, kReply, kForward };
  Kind kind = Kind::kDrop;
  std::string reply;     // with kReply
  DnsQuery query;        // with kForward
  DnsUpstream upstream;  // with kForward
};

enum class DnsTransport : uint8_t { kUdp, kTcp };

// `message` came to `gateway` from `asker`; who is not of the gateway's subnet gets no answer at
// all. `turn` rotates the addresses of a name with several.
DnsDecision Decide(const ZoneTable& table, const sys::Ipv6& gateway, const sys::Ipv6& asker,
                   DnsTransport transport, absl::string_view message, uint32_t turn);

}  // namespace pelagos::net
