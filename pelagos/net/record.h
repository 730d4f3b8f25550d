// What the run root remembers of networks, leases and ports: the owner records that are written
// before the kernel objects are made, so that any later process can finish or undo them.
//
//   run/networks/NAME.json   NetworkRecord
//   run/ports.json           PortsRecord
//   run/network-host.json    HostRecord: what was changed on the host, with the old values
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/port_map.h"
#include "pelagos/sys/net/ipv4.h"

namespace pelagos::net {

// An address of a network in use. An owner has at most one in a network.
struct Lease {
  sys::Ipv4 address;
  std::string owner;               // the container's id
  std::vector<std::string> names;  // under which it is found there

  friend bool operator==(const Lease&, const Lease&) = default;
};

struct NetworkRecord {
  std::string name;     // the store's name, PROJECT-NET
  std::string project;  // the owner
  sys::Subnet subnet;
  std::string bridge;  // the interface's name on the host
  std::vector<Lease> leases;

  sys::Ipv4 gateway() const { return {subnet.base.bits + 1}; }
  friend bool operator==(const NetworkRecord&, const NetworkRecord&) = default;
};

// A published port and its holder. Without a target it is reserved, not yet published.
struct PortRecord {
  std::string owner;
  PortMapping mapping;
  std::optional<sys::Ipv4> target;  // the container's address

  friend bool operator==(const PortRecord&, const PortRecord&) = default;
};

struct PortsRecord {
  std::vector<PortRecord> ports;

  friend bool operator==(const PortsRecord&, const PortsRecord&) = default;
};

// /proc/sys/net/ipv4/ip_forward as it was before the first network, if we changed it, and the same
// of files below /proc/sys/net/ipv6/conf ("eth0/accept_ra").
struct HostRecord {
  std::optional<std::string> ip_forward;
  std::map<std::string, std::string> ipv6_conf = {};

  friend bool operator==(const HostRecord&, const HostRecord&) = default;
};

// JSON, byte for byte the same each time, with a final newline.
std::string ToJson(const NetworkRecord& record);
std::string ToJson(const PortsRecord& record);
std::string ToJson(const HostRecord& record);

// DataLoss for text that ToJson cannot have written.
absl::StatusOr<NetworkRecord> ParseNetworkRecord(absl::string_view text);
absl::StatusOr<PortsRecord> ParsePortsRecord(absl::string_view text);
absl::StatusOr<HostRecord> ParseHostRecord(absl::string_view text);

}  // namespace pelagos::net
