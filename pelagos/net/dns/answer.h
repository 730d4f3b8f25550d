// What pelagos-dns does with a message: the rules of the names, as a function of values.
//
//   NAME, NAME.pelagos    a name of one of the asker's networks: its addresses; no other types
//   single labels         unknown ones do not exist: they are never asked outside
//   addresses (PTR)       of the asker's networks are answered here
//   everything else       is asked from the host's resolvers
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "pelagos/net/dns/message.h"
#include "pelagos/net/dns/zone_table.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

struct DnsDecision {
  enum class Kind : uint8_t { kDrop, kReply, kForward };
  Kind kind = Kind::kDrop;
  std::string reply;  // with kReply
  DnsQuery query;     // with kForward
};

// `message` came to `gateway` from `asker`; who is not of the gateway's subnet gets no answer at
// all. `turn` rotates the addresses of a name with several.
DnsDecision Decide(const ZoneTable& table, const sys::Ipv6& gateway, const sys::Ipv6& asker,
                   absl::string_view message, uint32_t turn);

}  // namespace pelagos::net
