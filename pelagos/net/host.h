// What networks need of the host: bridges, the nftables table, two sysctls. Each function looks at
// nothing but the records it gets; it can be repeated, and finishes what a killed process began.
//
// All sockets belong to the network namespace in which Open was called. Sources: rtnetlink(7),
// nft(8), ip-sysctl.txt of the kernel (ip_forward, route_localnet).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/net/ipam.h"
#include "pelagos/net/record.h"
#include "pelagos/net/ruleset.h"
#include "pelagos/sys/net/netlink.h"

namespace pelagos::net {

// The end of a container in a network: its interface and how it is called on the host.
struct Connection {
  Interface inside;
  std::string veth;    // the host's end
  std::string bridge;  // the network's
};

// What the table holds for them. A port without a target has nothing there.
Rules RulesOf(const std::vector<NetworkRecord>& networks, const std::vector<PortRecord>& ports);

class Host {
 public:
  static absl::StatusOr<Host> Open(std::string run_root);

  // Held while networks are made or removed, by all run roots of this network namespace: a lock
  // on the file of ip_forward itself, which they all share.
  absl::StatusOr<Fd> Lock() const;

  // Subnets that routes lead to (not the default route), except those through `own_bridge`.
  absl::StatusOr<std::vector<SubnetUser>> Routes(const std::string& own_bridge);

  // A name for the network's bridge that no other interface has.
  absl::StatusOr<std::string> ChooseBridge(const std::string& network);
  // The bridge, up, with the gateway's address and route_localnet. It takes no router
  // advertisements: a container cannot become the host's router.
  absl::Status EnsureBridge(const NetworkRecord& network);
  absl::Status DeleteBridge(const NetworkRecord& network);

  // What has to be remembered before Forward is called: the value of ip_forward to put back with
  // the last network, if it is ours to put back.
  absl::StatusOr<HostRecord> ReadForwarding();
  absl::Status Forward();
  // The same of IPv6, for networks and ports that need it, see forwarding6.h: `record` with what
  // is added to it. Both can be repeated: interfaces come and go. Requires: the lock, and the
  // table.
  absl::StatusOr<HostRecord> ReadForwarding6(const HostRecord& record);
  absl::Status Forward6(const HostRecord& record);
  // Puts back what was remembered, unless another run root still needs it (that one will do it
  // then).
  absl::Status RestoreForwarding(const HostRecord& record);

  // Adds the elements. A table that is missing is made anew with what `all` says that it has to
  // hold; `all` is asked only then.
  absl::Status AddRules(const Rules& add, const std::function<absl::StatusOr<Rules>()>& all,
                        const HostRecord& host);
  // One transaction. What is gone already is fine.
  absl::Status DeleteRules(const Rules& rules);
  // The same by records.
  absl::Status AddRules(const std::vector<NetworkRecord>& add_networks,
                        const std::vector<PortRecord>& add_ports,
                        const std::vector<NetworkRecord>& networks,
                        const std::vector<PortRecord>& ports, const HostRecord& host);
  absl::Status DeleteRules(const std::vector<NetworkRecord>& networks,
                           const std::vector<PortRecord>& ports);
  // The table, and our rules in those of others.
  absl::Status DeleteTable();

  // Makes other firewalls let pass what our table accepts, see firewall.h; also what a reload of
  // theirs took away. The value are warnings for the user. Requires: the table is there.
  absl::StatusOr<std::vector<std::string>> OpenFirewalls();

  // The pairs of a container, its addresses, default route and loopback. Pairs of the same names
  // are replaced.
  absl::Status Connect(const std::string& container_id, const std::vector<Connection>& connections,
                       const Fd& netns);
  // Only brings the loopback interface up.
  absl::Status ConnectLoopback(const Fd& netns);
  absl::Status Disconnect(const std::string& veth);

 private:
  Host(std::string run_root, sys::NetlinkSocket route, sys::NetlinkSocket filter)
      : run_root_(std::move(run_root)), route_(std::move(route)), filter_(std::move(filter)) {}

  absl::StatusOr<bool> OtherNeedsForwarding();

  std::string run_root_;
  sys::NetlinkSocket route_;
  sys::NetlinkSocket filter_;
};

}  // namespace pelagos::net
