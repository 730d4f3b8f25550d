// What a container got when it was connected: its interfaces, and what its resolv.conf and hosts
// files have to say.
//
// Values. `Networks::Attach` (networks.h) makes them; the engine writes the texts into files.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/extra_host.h"
#include "pelagos/policy/net_plan.h"
#include "pelagos/sys/net/ipv4.h"

namespace pelagos::net {

// One interface inside the container: eth0, eth1, ... in the order of NetPlan::attachments.
struct Interface {
  std::string name;
  std::string network;
  sys::Ipv4 address;
  int prefix = 24;
  sys::Ipv4 gateway;  // the bridge's address; pelagos-dns listens there

  friend bool operator==(const Interface&, const Interface&) = default;
};

struct Endpoint {
  std::string container_id;
  NetMode mode = NetMode::kNone;
  std::vector<Interface> interfaces;  // not empty exactly if mode is kBridge
  std::vector<PortMapping> ports;     // published, leading to the first interface

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// The content of /etc/resolv.conf for a container in mode bridge or none (with mode host the host's
// own file belongs there). Up to three name servers, as resolv.conf(5) allows: each of them knows
// the names of all networks of the asker.
inline std::string ResolvConf(const Endpoint& endpoint) {
  constexpr size_t kMaxServers = 3;
  if (endpoint.interfaces.empty()) return "# this container has no network\n";
  std::string text;
  for (size_t i = 0; i < endpoint.interfaces.size() && i < kMaxServers; ++i) {
    absl::StrAppend(&text, "nameserver ", sys::ToString(endpoint.interfaces[i].gateway), "\n");
  }
  return text;
}

// The content of /etc/hosts: localhost, and `hostname` with the container's first address (with
// 127.0.0.1 if it has none), and what was asked for. `gateway`: the address of the host for who has
// no interfaces of ours; without one and without interfaces there is no line for it.
inline std::string HostsFile(absl::string_view hostname, const Endpoint& endpoint,
                             const std::vector<ExtraHost>& extra = {},
                             absl::string_view gateway = "") {
  const bool alone = endpoint.interfaces.empty();
  std::string text = "127.0.0.1\tlocalhost";
  if (alone && hostname != "localhost") absl::StrAppend(&text, " ", hostname);
  absl::StrAppend(&text, "\n::1\tlocalhost ip6-localhost ip6-loopback\n");
  if (!alone) {
    absl::StrAppend(&text, sys::ToString(endpoint.interfaces[0].address), "\t", hostname, "\n");
  }
  for (const ExtraHost& host : extra) {
    std::string address = host.address;
    if (address == kHostGateway) {
      address = alone ? std::string(gateway) : sys::ToString(endpoint.interfaces[0].gateway);
    }
    if (!address.empty()) absl::StrAppend(&text, address, "\t", host.name, "\n");
  }
  return text;
}

}  // namespace pelagos::net
