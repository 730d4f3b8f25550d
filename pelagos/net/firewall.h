// Living beside other firewalls (Docker's chains, UFW, firewalld). Every chain at a hook decides
// for itself, and one drop is final: where another firewall drops what it does not know, our own
// table cannot let it pass. So its chain gets rules of ours at its head, which accept the packets
// of our bridges that our table has accepted before and marked (ruleset.h): our table alone decides
// about them, and where it is missing, nothing is let in.
//
//   iifname "pg-*" meta mark & 0x01000000 == 0x01000000 accept comment "pelagos"
//   oifname "pg-*" meta mark & 0x01000000 == 0x01000000 accept comment "pelagos"
//
// iptables-nft reads them, too (-i pg-+ -m mark ...). Nothing else of others is touched. A chain is
// one that drops if its policy is drop or if its last rule drops or rejects everything. Each run
// root has its rules, found again by the comment, its table's name.
//
// Source: nft(8) ("drop" ends it for all chains, "accept" only for its own), iptables-nft(8).
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/sys/net/netlink.h"

namespace pelagos::net {

// Adds what is missing; `table` is the run root's. `filter` is a socket of NETLINK_NETFILTER. The
// value are warnings: firewalls that keep our packets away and that we cannot change.
absl::StatusOr<std::vector<std::string>> OpenFirewalls(sys::NetlinkSocket& filter,
                                                       const std::string& table);

// Takes all of it away.
absl::Status CloseFirewalls(sys::NetlinkSocket& filter, const std::string& table);

}  // namespace pelagos::net
