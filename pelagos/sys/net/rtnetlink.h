// Links, addresses, routes and neighbours: the part of rtnetlink(7) that containers' networks need.
//
// The functions that change something put messages into a MessageBatch, so that a caller decides
// what goes to the kernel together; those that take a socket ask or act at once. Interfaces are
// named by their index (if_nametoindex numbers) or, where the kernel allows it, by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"
#include "pelagos/sys/net/netlink.h"

namespace pelagos::sys {

// An Ethernet address that follows from an IPv4 address: 02:50:a.b.c.d (locally administered). The
// same address always has the same one, so that neighbours' caches stay good when it changes hands.
using MacAddress = std::string;  // 6 bytes
MacAddress MacOf(Ipv4 address);
// Six hexadecimal bytes, "02:50:0a:63:00:02" (upper case and '-' are read too). InvalidArgument for
// other texts, and for addresses that no interface can have: multicast ones and zero.
absl::StatusOr<MacAddress> ParseMac(absl::string_view text);
std::string MacText(const MacAddress& mac);

struct Link {
  int index = 0;
  std::string name;
  std::string alias;  // IFLA_IFALIAS
  std::string kind;   // "bridge", "veth"; empty for hardware
  int master = 0;     // index of the bridge it belongs to, 0 if none
  bool up = false;
  uint32_t mtu = 0;  // bytes
  MacAddress mac;    // empty if it has none
};

struct Route {
  Subnet destination;  // prefix 0: the default route
  int interface = 0;   // index; 0 if the route has none (blackhole, multipath)
};

struct Route6 {
  Subnet6 destination;
  int interface = 0;
};

struct LinkAddress {
  std::variant<Ipv4, Ipv6> address;
  int prefix = 0;
  int interface = 0;  // index
};

// The longest name of an interface, without its NUL (IFNAMSIZ), and of an alias.
inline constexpr size_t kMaxInterfaceName = 15;
inline constexpr size_t kMaxInterfaceAlias = 255;

// A bridge without spanning tree delays, down, with a fixed Ethernet address (otherwise it would
// change with the ports). `mtu` in bytes is fixed too; 0: the smallest of the ports'. An error of
// the kernel is AlreadyExists if the name is taken.
void AddBridge(MessageBatch& batch, const std::string& name, const MacAddress& mac,
               uint32_t mtu = 0);

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
  MacAddress peer_mac;     // empty: a random one
  uint32_t mtu = 0;        // of both ends, in bytes; 0: the kernel's 1500
  bool link_local = true;  // false: a port of a bridge gets no IPv6 address, and tells nobody of it
};
void AddVeth(MessageBatch& batch, const VethPair& pair, const Fd& netns);

// An interface on top of one of the host's, in a container's network namespace. Source:
// Documentation/networking/ipvlan.rst, ip-link(8).
struct ChildLink {
  int parent = 0;    // index in the host's namespace
  std::string name;  // inside
  std::string mode;  // macvlan: bridge (if empty), private, vepa, passthru; ipvlan: l2, l3, l3s
  MacAddress mac;    // macvlan only; empty: a random one. An ipvlan has its parent's
  uint32_t mtu = 0;  // 0: its parent's
};
// Makes it, down, in the namespace `netns`, where `inside` was opened; `host` was opened where the
// parent is. The value is its index inside. Unimplemented if this kernel lacks the driver (the
// message names the module), InvalidArgument for an unknown mode. On an error nothing stays.
absl::StatusOr<int> AddMacvlan(NetlinkSocket& host, NetlinkSocket& inside, const Fd& netns,
                               const ChildLink& link);
absl::StatusOr<int> AddIpvlan(NetlinkSocket& host, NetlinkSocket& inside, const Fd& netns,
                              const ChildLink& link);

void SetUp(MessageBatch& batch, int index, absl::string_view label);
// Deletes an interface; of a pair, both ends. NotFound (ENODEV) if there is none.
void DeleteLink(MessageBatch& batch, const std::string& name);
// An address on the interface, with its subnet's route. AlreadyExists if it is there already.
// An IPv6 address can be used at once: no other host is asked whether it has it (IFA_F_NODAD).
void AddAddress(MessageBatch& batch, int index, Ipv4 address, int prefix);
void AddAddress(MessageBatch& batch, int index, const Ipv6& address, int prefix);
// EADDRNOTAVAIL if it is not there.
void DeleteAddress(MessageBatch& batch, int index, Ipv4 address, int prefix);
void DeleteAddress(MessageBatch& batch, int index, const Ipv6& address, int prefix);
void AddDefaultRoute(MessageBatch& batch, int index, Ipv4 gateway);
void AddDefaultRoute(MessageBatch& batch, int index, const Ipv6& gateway);
// Who has that address on the link, for ever (NUD_PERMANENT): nobody is asked. Replaces an entry.
void AddNeighbour(MessageBatch& batch, int index, Ipv4 address, const MacAddress& mac);
void AddNeighbour(MessageBatch& batch, int index, const Ipv6& address, const MacAddress& mac);

// The interface of that name, if there is one.
absl::StatusOr<std::optional<Link>> FindLink(NetlinkSocket& socket, const std::string& name);
// All interfaces of the socket's network namespace.
absl::StatusOr<std::vector<Link>> ListLinks(NetlinkSocket& socket);
// The addresses of both families on the interface, or on all if `index` is 0.
absl::StatusOr<std::vector<LinkAddress>> ListAddresses(NetlinkSocket& socket, int index = 0);
// All IPv4 routes to other destinations than the host itself (not those of table `local`).
absl::StatusOr<std::vector<Route>> ListRoutes(NetlinkSocket& socket);
// The same of IPv6. Where IPv6 is switched off: none.
absl::StatusOr<std::vector<Route6>> ListRoutes6(NetlinkSocket& socket);

}  // namespace pelagos::sys
