// What is remembered of networks: the owner records that are written before the kernel objects are
// made, so that any later process can finish or undo them (run_files.h says where).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/net_plan.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

// A network, all decided.
struct NetworkRecord {
  std::string name;     // the store's name, PROJECT-NET
  std::string project;  // the owner; empty: it goes with its last container
  NetworkDriver driver = NetworkDriver::kBridge;
  std::string parent;  // the host's interface; empty for bridges
  sys::Subnet subnet;
  sys::Ipv4 gateway;
  std::optional<sys::Subnet6> subnet6;
  std::string bridge;  // its interface's name on the host; empty for other drivers, and until made
  int mtu = 0;         // 0: the kernel's default
  bool internal = false;
  bool nat66 = false;
  std::vector<std::string> servers;
  std::vector<std::pair<std::string, std::string>> labels;
  std::string created;  // RFC 3339; empty: not by `network create`

  sys::Ipv6 gateway6() const { return At6(gateway); }
  // The IPv6 address that goes with one of the subnet. Requires: subnet6.
  sys::Ipv6 At6(sys::Ipv4 address) const {
    return sys::Add(subnet6->base, address.bits - subnet.base.bits);
  }
  friend bool operator==(const NetworkRecord&, const NetworkRecord&) = default;
};

// Settings of the host as they were before the first network, where we changed them: the file
// /proc/sys/net/ipv4/ip_forward, and files below /proc/sys/net/ipv6/conf ("eth0/accept_ra").
struct HostRecord {
  std::optional<std::string> ip_forward = {};
  std::map<std::string, std::string> ipv6_conf = {};

  friend bool operator==(const HostRecord&, const HostRecord&) = default;
};

// JSON, byte for byte the same each time, with a final newline.
std::string ToJson(const NetworkRecord& record);
std::string ToJson(const HostRecord& record);

// DataLoss for text that ToJson cannot have written.
absl::StatusOr<NetworkRecord> ParseNetworkRecord(absl::string_view text);
absl::StatusOr<HostRecord> ParseHostRecord(absl::string_view text);

}  // namespace pelagos::net
