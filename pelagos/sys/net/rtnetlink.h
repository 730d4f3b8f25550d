// Links, addresses and routes: the part of rtnetlink(7) that bridges and veth pairs need.
//
// The functions that change something put one message into a MessageBatch, so that a caller decides
// what goes to the kernel together; `RouteQuery` functions ask at once. Interfaces are named by
// their index (if_nametoindex numbers) or, where the kernel allows it, by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/netlink.h"

namespace pelagos::sys {

// An Ethernet address that follows from an IPv4 address: 02:50:a.b.c.d (locally administered). The
// same address always has the same one, so that neighbours' caches stay good when it changes hands.
using MacAddress = std::string;  // 6 bytes
MacAddress MacOf(Ipv4 address);

struct Link {
  int index = 0;
  std::string name;
  std::string alias;  // IFLA_IFALIAS
  std::string kind;   // "bridge", "veth"; empty for hardware
  int master = 0;     // index of the bridge it belongs to, 0 if none
  bool up = false;
};

struct Route {
  Subnet destination;  // prefix 0: the default route
  int interface = 0;   // index; 0 if the route has none (blackhole, multipath)
};

// The longest name of an interface, without its NUL (IFNAMSIZ), and of an alias.
inline constexpr size_t kMaxInterfaceName = 15;
inline constexpr size_t kMaxInterfaceAlias = 255;

// A bridge without spanning tree delays, down, with a fixed Ethernet address (otherwise it would
// change with the ports). An error of the kernel is AlreadyExists if the name is taken.
void AddBridge(MessageBatch& batch, const std::string& name, const MacAddress& mac);

// IFLA_IFALIAS, shown by `ip link`. Longer texts are cut.
void SetAlias(MessageBatch& batch, const std::string& name, absl::string_view alias);

// A pair: one end here, up, a port of the bridge `master` (index; 0: of none) that also gets back
// what it sends where that is its way (hairpin mode); the other end in the
// network namespace `netns`, down (the kernel opens no end before both are there), with its name
// and Ethernet address.
struct VethPair {
  std::string name;
  std::string alias;
  int master = 0;
  std::string peer_name;
  MacAddress peer_mac;
};
void AddVeth(MessageBatch& batch, const VethPair& pair, const Fd& netns);

void SetUp(MessageBatch& batch, int index, absl::string_view label);
// Deletes an interface; of a pair, both ends. NotFound (ENODEV) if there is none.
void DeleteLink(MessageBatch& batch, const std::string& name);
// An address on the interface, with its subnet's route. AlreadyExists if it is there already.
void AddAddress(MessageBatch& batch, int index, Ipv4 address, int prefix);
void AddDefaultRoute(MessageBatch& batch, int index, Ipv4 gateway);

// The interface of that name, if there is one.
absl::StatusOr<std::optional<Link>> FindLink(NetlinkSocket& socket, const std::string& name);
// All interfaces of the socket's network namespace.
absl::StatusOr<std::vector<Link>> ListLinks(NetlinkSocket& socket);
// All IPv4 routes to other destinations than the host itself (not those of table `local`).
absl::StatusOr<std::vector<Route>> ListRoutes(NetlinkSocket& socket);

}  // namespace pelagos::sys
