// The nftables table of a run root. It never changes its rules: networks and ports are elements of
// its sets and maps, and each carries its owner as a comment.
//
//   set bridges     { "pg-..." }                         the bridges of the run root's networks
//   set same        { "pg-..." . "pg-..." }              from a bridge to itself
//   map ports       { 127.0.0.1 . tcp . 8080 : 10.99.0.2 . 80 }   published at one address
//   map ports_any   { tcp . 8080 : 10.99.0.2 . 80 }      published at all addresses of the host
//   chain guard       what comes from a bridge as 127.0.0.0/8 is forged: dropped (the bridges have
//                     route_localnet, which would let it in)
//   chain prerouting, output    destinations by `ports` and `ports_any`
//   chain postrouting masquerades what leaves the networks, what comes from 127.0.0.1 (the answer
//                     has to find its way back), and what a network sends itself through a port
//   chain forward     into a network: answers, its own, published ports; nothing else, neither from
//                     other networks nor from the world outside
//
// Source: nft(8); `nft list ruleset` shows all of it.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "pelagos/net/record.h"
#include "pelagos/sys/net/nftables.h"

namespace pelagos::net {

// The table without any network.
void AddRuleset(sys::NftTransaction& change, absl::string_view comment);

void AddBridgeElements(sys::NftTransaction& change, const NetworkRecord& network);
// Also if they are not there.
void DeleteBridgeElements(sys::NftTransaction& change, const NetworkRecord& network);

// Requires: port.target.
void AddPortElement(sys::NftTransaction& change, const PortRecord& port);
// Also if it is not there.
void DeletePortElement(sys::NftTransaction& change, const PortRecord& port);

}  // namespace pelagos::net
