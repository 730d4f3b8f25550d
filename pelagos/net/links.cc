#include "pelagos/net/links.h"

#include <fcntl.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/names.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::net {
namespace {

constexpr int kLoopbackIndex = 1;  // of every network namespace (the kernel's LOOPBACK_IFINDEX)

// An error that says that something is not there, which is what was wanted.
absl::Status Unless(const absl::Status& status, int error) {
  return FindErrno(status) == error ? absl::OkStatus() : status;
}

// A namespace in which IPv6 was switched off, by its sysctls or in the kernel.
bool HasNoIpv6(const absl::Status& status) {
  const std::optional<int> error = FindErrno(status);
  return error == EACCES || error == EPERM || error == EOPNOTSUPP || error == EAFNOSUPPORT;
}

// What an interface of the thread's namespace does by IPv6 of its own accord: believe neighbours
// that call themselves routers, and ask all of them, perhaps a thousand, whether somebody has the
// address that follows from its Ethernet address, which is nobody else's on the bridge. There may
// be no IPv6.
absl::Status KeepQuiet(const std::string& interface) {
  const absl::StatusOr<Fd> folder =
      sys::OpenFile(absl::StrCat("/proc/sys/net/ipv6/conf/", interface), O_PATH | O_DIRECTORY);
  if (FindErrno(folder.status()) == ENOENT) return absl::OkStatus();
  PELAGOS_RETURN_IF_ERROR(folder.status());
  for (const char* setting : {"accept_ra", "dad_transmits"}) {
    PELAGOS_RETURN_IF_ERROR(
        sys::WriteKernelFile(absl::StrCat("/proc/self/fd/", folder->get(), "/", setting), "0"));
  }
  return absl::OkStatus();
}

std::string WhoRoutes(const std::vector<sys::Link>& links, int interface) {
  const auto link = std::find_if(links.begin(), links.end(), [&](const sys::Link& candidate) {
    return candidate.index == interface;
  });
  return link == links.end() ? "a route of the host" : absl::StrCat("a route through ", link->name);
}

}  // namespace

absl::StatusOr<Links> Links::Open(std::string run_root) {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket route, sys::NetlinkSocket::Open(NETLINK_ROUTE));
  return Links(std::move(run_root), std::move(route));
}

absl::Status Links::AddRoutes(const std::string& own_bridge, SubnetUsers& users) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<sys::Link> links, sys::ListLinks(route_));
  int own = -1;
  for (const sys::Link& link : links) {
    if (link.name == own_bridge) own = link.index;
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<sys::Route> routes, sys::ListRoutes(route_));
  for (const sys::Route& route : routes) {
    if (route.destination.prefix == 0 || route.interface == own) continue;
    users.ipv4.push_back({route.destination, WhoRoutes(links, route.interface)});
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<sys::Route6> routes6, sys::ListRoutes6(route_));
  for (const sys::Route6& route : routes6) {
    if (route.destination.prefix == 0 || route.interface == own) continue;
    users.ipv6.push_back({route.destination, WhoRoutes(links, route.interface)});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Links::ChooseBridge(const std::string& network) {
  constexpr int kAttempts = 16;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string name = BridgeName(run_root_, network, attempt);
    PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> link, sys::FindLink(route_, name));
    if (!link) return name;
  }
  return absl::AlreadyExistsError(absl::StrCat("network '", network,
                                               "': every name for its bridge is taken, like '",
                                               BridgeName(run_root_, network, 0), "'"));
}

absl::Status Links::Ensure(const NetworkRecord& network) {
  if (network.driver != NetworkDriver::kBridge) {
    PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> parent,
                             sys::FindLink(route_, network.parent));
    if (parent) return absl::OkStatus();
    return absl::NotFoundError(absl::StrCat("its parent, interface '", network.parent,
                                            "', is none of this host; see 'ip link'"));
  }
  const std::string alias = LinkAlias(run_root_, network.name).substr(0, sys::kMaxInterfaceAlias);
  PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> link, sys::FindLink(route_, network.bridge));
  if (!link) {
    sys::MessageBatch create;
    sys::AddBridge(create, network.bridge, sys::MacOf(network.gateway),
                   static_cast<uint32_t>(network.mtu));
    sys::SetAlias(create, network.bridge, alias);
    PELAGOS_RETURN_IF_ERROR(route_.Execute(create));
    PELAGOS_ASSIGN_OR_RETURN(link, sys::FindLink(route_, network.bridge));
    if (!link) return absl::NotFoundError(absl::StrCat(network.bridge, " vanished"));
  } else if (link->kind != "bridge" || (!link->alias.empty() && link->alias != alias)) {
    return absl::AlreadyExistsError(
        absl::StrCat("interface '", network.bridge, "' is not the bridge of network '",
                     network.name, "': it is a ", link->kind, " of '", link->alias, "'"));
  } else if (link->alias.empty()) {  // whoever made it was killed before naming it
    sys::MessageBatch name;
    sys::SetAlias(name, network.bridge, alias);
    PELAGOS_RETURN_IF_ERROR(route_.Execute(name));
  }
  sys::MessageBatch address;
  sys::AddAddress(address, link->index, network.gateway, network.subnet.prefix);
  PELAGOS_RETURN_IF_ERROR(Unless(route_.Execute(address), EEXIST), network.bridge);
  if (network.subnet6) {
    sys::MessageBatch address6;
    sys::AddAddress(address6, link->index, network.gateway6(), network.subnet6->prefix);
    PELAGOS_RETURN_IF_ERROR(Unless(route_.Execute(address6), EEXIST), network.bridge);
  }
  // What the host sends from 127.0.0.1 may leave, and come back, through this interface: see
  // ruleset.h. Gone with the bridge.
  PELAGOS_RETURN_IF_ERROR(sys::WriteKernelFile(
      absl::StrCat("/proc/sys/net/ipv4/conf/", network.bridge, "/route_localnet"), "1"));
  // A container cannot become the host's router.
  PELAGOS_RETURN_IF_ERROR(KeepQuiet(network.bridge));
  sys::MessageBatch up;
  sys::SetUp(up, link->index, network.bridge);
  return route_.Execute(up);
}

absl::Status Links::Delete(const std::string& link) {
  sys::MessageBatch remove;
  sys::DeleteLink(remove, link);
  return Unless(route_.Execute(remove), ENODEV);
}

absl::StatusOr<int> Links::MakePair(const std::string& container_id, const NetworkRecord& network,
                                    const Fd& netns, sys::NetlinkSocket& there,
                                    const Interface& inside) {
  // A dead container's network namespace may take a while to let go of its interfaces.
  PELAGOS_RETURN_IF_ERROR(Delete(inside.host_link));
  PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> bridge, sys::FindLink(route_, network.bridge));
  if (!bridge) {
    return absl::NotFoundError(
        absl::StrCat("bridge '", network.bridge, "' of network '", network.name, "' is gone"));
  }
  sys::MessageBatch create;
  sys::AddVeth(create,
               {inside.host_link, LinkAlias(run_root_, container_id), bridge->index, inside.name,
                inside.mac, static_cast<uint32_t>(network.mtu), /*link_local=*/!network.subnet6},
               netns);
  PELAGOS_RETURN_IF_ERROR(route_.Execute(create));
  PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> link, sys::FindLink(there, inside.name));
  if (!link) return absl::NotFoundError(absl::StrCat(inside.name, " vanished"));
  // Nor another container's: before the interface is up.
  PELAGOS_RETURN_IF_ERROR(sys::InNetworkNamespace(netns, [&] { return KeepQuiet(inside.name); }));
  return link->index;
}

absl::StatusOr<int> Links::MakeChild(const NetworkRecord& network, const Fd& netns,
                                     sys::NetlinkSocket& there, const Interface& inside) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> parent, sys::FindLink(route_, network.parent));
  if (!parent) return absl::NotFoundError(absl::StrCat("interface '", network.parent, "' is gone"));
  const sys::ChildLink child = {parent->index, inside.name, "", inside.mac,
                                static_cast<uint32_t>(network.mtu)};
  return network.driver == NetworkDriver::kMacvlan ? sys::AddMacvlan(route_, there, netns, child)
                                                   : sys::AddIpvlan(route_, there, netns, child);
}

absl::Status Links::Connect(const std::string& container_id, const NetworkRecord& network,
                            bool default_route, const Fd& netns, Interface& inside) {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket there,
                           sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns));
  PELAGOS_ASSIGN_OR_RETURN(const int index,
                           network.driver == NetworkDriver::kBridge
                               ? MakePair(container_id, network, netns, there, inside)
                               : MakeChild(network, netns, there, inside));
  sys::MessageBatch configure;
  sys::SetUp(configure, kLoopbackIndex, "lo");
  sys::SetUp(configure, index, inside.name);
  sys::AddAddress(configure, index, inside.address, inside.prefix);
  if (default_route) sys::AddDefaultRoute(configure, index, inside.gateway);
  PELAGOS_RETURN_IF_ERROR(there.Execute(configure), inside.name);
  if (!inside.address6) return absl::OkStatus();
  sys::MessageBatch configure6;
  sys::AddAddress(configure6, index, *inside.address6, inside.prefix6);
  if (default_route) sys::AddDefaultRoute(configure6, index, inside.gateway6);
  const absl::Status done = there.Execute(configure6);
  if (!HasNoIpv6(done)) return done;
  inside.address6.reset();
  return absl::OkStatus();
}

absl::Status Links::Disconnect(const Fd& netns, const Interface& inside) {
  if (!inside.host_link.empty()) return Delete(inside.host_link);
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket there,
                           sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns));
  sys::MessageBatch remove;
  sys::DeleteLink(remove, inside.name);
  return Unless(there.Execute(remove), ENODEV);
}

absl::Status Links::Route(const Fd& netns, const Interface& inside) {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket there,
                           sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns));
  PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> link, sys::FindLink(there, inside.name));
  if (!link) return absl::NotFoundError(absl::StrCat(inside.name, " is gone"));
  sys::MessageBatch configure;
  sys::AddDefaultRoute(configure, link->index, inside.gateway);
  PELAGOS_RETURN_IF_ERROR(Unless(there.Execute(configure), EEXIST), inside.name);
  if (!inside.address6) return absl::OkStatus();
  sys::MessageBatch configure6;
  sys::AddDefaultRoute(configure6, link->index, inside.gateway6);
  return Unless(there.Execute(configure6), EEXIST);
}

absl::Status Links::LoopbackUp(const Fd& netns) {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket inside,
                           sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns));
  sys::MessageBatch configure;
  sys::SetUp(configure, kLoopbackIndex, "lo");
  return inside.Execute(configure);
}

}  // namespace pelagos::net
