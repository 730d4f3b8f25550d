// The interfaces of networks: bridges, the pairs between them and containers, and children of the
// host's own interfaces. Each function looks at nothing but the records it gets; it can be
// repeated, and finishes what a killed process began.
//
// All sockets belong to the network namespace in which Open was called. Source: rtnetlink(7),
// ip-sysctl.txt of the kernel (route_localnet).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/endpoint.h"
#include "pelagos/net/ipam.h"
#include "pelagos/net/record.h"
#include "pelagos/sys/net/netlink.h"

namespace pelagos::net {

class Links {
 public:
  static absl::StatusOr<Links> Open(std::string run_root);

  // Adds the subnets that routes lead to (not the default route), except those through
  // `own_bridge`.
  absl::Status AddRoutes(const std::string& own_bridge, SubnetUsers& users);

  // A name for the network's bridge that no other interface has.
  absl::StatusOr<std::string> ChooseBridge(const std::string& network);
  // The bridge, up, with the gateway's addresses and route_localnet. Of other drivers only looks
  // whether the parent is there (NotFound).
  absl::Status Ensure(const NetworkRecord& network);
  // Fine if it is gone.
  absl::Status Delete(const std::string& link);

  // Makes the interface in the container's network namespace, with its addresses, and with default
  // routes if `default_route`. One of the same name on the host is replaced. Where the namespace
  // has no IPv6, `inside` has none afterwards. Unimplemented: the kernel lacks the driver.
  absl::Status Connect(const std::string& container_id, const NetworkRecord& network,
                       bool default_route, const Fd& netns, Interface& inside);
  absl::Status Disconnect(const Fd& netns, const Interface& inside);
  // Default routes through the interface, which is there.
  absl::Status Route(const Fd& netns, const Interface& inside);
  absl::Status LoopbackUp(const Fd& netns);

 private:
  Links(std::string run_root, sys::NetlinkSocket route)
      : run_root_(std::move(run_root)), route_(std::move(route)) {}

  absl::StatusOr<int> MakePair(const std::string& container_id, const NetworkRecord& network,
                               const Fd& netns, sys::NetlinkSocket& there, const Interface& inside);
  absl::StatusOr<int> MakeChild(const NetworkRecord& network, const Fd& netns,
                                sys::NetlinkSocket& there, const Interface& inside);

  std::string run_root_;
  sys::NetlinkSocket route_;
};

}  // namespace pelagos::net
