// The nftables table of a run root: family inet, for IPv4 and IPv6. It never changes its rules:
// networks and ports are elements of its sets and maps, and each carries its owner as a comment.
//
//   set bridges     { "pg-..." }                         the bridges of the run root's networks
//   set same        { "pg-..." . "pg-..." }              from a bridge to itself
//   set internal    { "pg-..." }                         those whose network is closed
//   set nat66       { "pg-..." }                         those that leave with the host's IPv6
//   address map ports       { 127.0.0.1 . tcp . 8080 : 10.99.0.2 . 80 }   published at one address
//   map ports_any   { tcp . 8080 : 10.99.0.2 . 80 }      published at all addresses of the host
//   map ports6, ports6_any                               the same for IPv6
//   set forwarding6 { "eth0" comment "accept_ra was 1" }   see forwarding6.h; no rule asks it
//   chain guard       what comes from a bridge as 127.0.0.0/8 is forged: dropped (the bridges have
//                     route_localnet, which would let it in). Unique local addresses stay among
//                     themselves without nat66: the sender learns at once that there is no way
//   chain prerouting, output    destinations by the maps. Not for ::1, to which no answer would
//   find
//                     back, and not for what comes from a link-local address, which is never
//                     forwarded: these are left to a process that listens there
//   chain postrouting masquerades what leaves the networks (IPv6: those of nat66), what comes from
//                     127.0.0.1 (the answer has to find its way back), and what a network sends
//                     itself through a port
//   chain forward     at priority -150, before other firewalls: what is accepted for our bridges
//   gets
//                     a mark that firewall.h makes them accept.
//                     Into a network: answers, its own, published ports; nothing else, neither from
//                     other networks nor from the world outside. Out of one: everything, but to and
//                     from closed networks nothing
//   chain input       marks questions to the name server of the bridge's own address and the search
//                     for neighbours; closed networks have nothing but these, and answers
//
// Source: nft(8); RFC 4193 section 4.3 (unique local addresses do not leave their site);
// `nft list ruleset` shows all of it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/policy/port_map.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"
#include "pelagos/sys/net/nftables.h"

namespace pelagos::net {

// The family of a run root's table, NFPROTO_INET.
inline constexpr uint8_t kTableFamily = 1;

// On packets of our bridges that the chains forward and input accepted.
inline constexpr uint32_t kAcceptedMark = 0x01000000;

inline constexpr char kForwarding6Set[] = "forwarding6";

// The name of an interface as a key of a set.
std::string InterfaceKey(absl::string_view name);

// A network's bridge.
struct BridgeRule {
  std::string bridge;     // the interface
  std::string network;    // the owner
  bool internal = false;  // closed: it reaches itself and the name server; the host reaches it
  bool nat66 = false;     // masqueraded in IPv6, too (IPv4 always is)

  friend bool operator==(const BridgeRule&, const BridgeRule&) = default;
};

using IpAddress = std::variant<sys::Ipv4, sys::Ipv6>;

// A published port: at:host leads to target:inside. Both addresses are of one family; 0.0.0.0 and
// :: stand for all addresses of the host in theirs. `at` ::1 has no effect, see above.
struct PortRule {
  std::string owner;
  Protocol protocol = Protocol::kTcp;
  IpAddress at;
  uint16_t host = 0;
  IpAddress target;
  uint16_t inside = 0;

  friend bool operator==(const PortRule&, const PortRule&) = default;
};

// What the table of a run root holds.
struct Rules {
  std::vector<BridgeRule> bridges;
  std::vector<PortRule> ports;
};

// The table without any element.
void AddRuleset(sys::NftTransaction& change, absl::string_view comment);

void AddElements(sys::NftTransaction& change, const Rules& rules);
// Also if they are not there.
void DeleteElements(sys::NftTransaction& change, const Rules& rules);

}  // namespace pelagos::net
