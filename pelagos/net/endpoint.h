// What a container got when it was connected: its interfaces and published ports; and what its
// resolv.conf and hosts files have to say.
//
// Values. `Networks::Attach` (networks.h) makes them and keeps them as the owner record of all that
// the kernel holds for the container (run_files.h); the engine writes the texts into files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/policy/extra_host.h"
#include "pelagos/policy/net_plan.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

// One interface inside the container: eth0, eth1, ... in the order in which it joined.
struct Interface {
  std::string name;
  std::string network;
  NetworkDriver driver = NetworkDriver::kBridge;
  sys::Ipv4 address;
  int prefix = 24;
  sys::Ipv4
      gateway;  // the bridge's address, where pelagos-dns listens; of the parent's segment else
  std::optional<sys::Ipv6> address6 = {};  // with all of the three or none
  int prefix6 = 64;
  sys::Ipv6 gateway6 = {};
  std::string mac = {};        // 6 bytes; empty: the kernel's choice
  std::string host_link = {};  // the host's end of a bridge's pair; empty for other drivers
  bool internal = false;       // no way to the outside
  std::vector<std::string> names = {};  // under which it is found in the network

  friend bool operator==(const Interface&, const Interface&) = default;
};

struct Endpoint {
  std::string container_id;
  NetMode mode = NetMode::kNone;
  std::vector<Interface> interfaces;  // not empty exactly if mode is kBridge
  std::vector<PortMapping> ports;     // published, fixed; they lead to the first interface
  DnsOptions dns = {};
  // A network that was being made for it, or left by it, when this was written: whoever finds it
  // has to look whether somebody needs it.
  std::string unsettled = {};
  // What the user should know about its way outside, each a sentence. Not part of its JSON.
  std::vector<std::string> warnings = {};

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// JSON, byte for byte the same each time, with a final newline.
std::string ToJson(const Endpoint& endpoint);
// DataLoss for text that ToJson cannot have written.
absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view text);

// The content of /etc/resolv.conf for a container with a network namespace of its own. Up to three
// name servers, as resolv.conf(5) allows: pelagos-dns knows at each gateway the names of all
// networks of the asker. `host` is the host's own resolv.conf: who has no pelagos-dns, but a way to
// the outside, asks the servers there, if they are not the host's loopback.
std::string ResolvConf(const Endpoint& endpoint, absl::string_view host = "");

// The content of /etc/hosts: localhost, and `hostname` with the container's addresses (with
// 127.0.0.1 if it has none), and what was asked for. `gateway`: the address of the host for who has
// no interfaces of ours; without one and without interfaces there is no line for it.
std::string HostsFile(absl::string_view hostname, const Endpoint& endpoint,
                      const std::vector<ExtraHost>& extra = {}, absl::string_view gateway = "");

}  // namespace pelagos::net
