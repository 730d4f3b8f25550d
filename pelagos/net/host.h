// What networks need of the host: the nftables table and sysctls. Each function looks at nothing
// but the records it gets; it can be repeated, and finishes what a killed process began.
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
#include "pelagos/net/record.h"
#include "pelagos/net/ruleset.h"
#include "pelagos/sys/net/netlink.h"

namespace pelagos::net {

class Host {
 public:
  static absl::StatusOr<Host> Open(std::string run_root);

  // Held while networks are made or removed, by all run roots of this network namespace: a lock
  // on the file of ip_forward itself, which they all share.
  absl::StatusOr<Fd> Lock() const;

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
  // The table, and our rules in those of others.
  absl::Status DeleteTable();

  // Makes other firewalls let pass what our table accepts, see firewall.h; also what a reload of
  // theirs took away. The value are warnings for the user. Requires: the table is there.
  absl::StatusOr<std::vector<std::string>> OpenFirewalls();

 private:
  Host(std::string run_root, sys::NetlinkSocket filter)
      : run_root_(std::move(run_root)), filter_(std::move(filter)) {}

  absl::StatusOr<bool> OtherNeedsForwarding();

  std::string run_root_;
  sys::NetlinkSocket filter_;
};

}  // namespace pelagos::net
