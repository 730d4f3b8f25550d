#include "pelagos/net/host.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/firewall.h"
#include "pelagos/net/forwarding6.h"
#include "pelagos/net/names.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/nftables.h"
#include "pelagos/sys/net/nftables_list.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::net {
namespace {

constexpr char kForwardFile[] = "/proc/sys/net/ipv4/ip_forward";
// In the comment of our table while ip_forward has to be put back to 0: other run roots read it.
constexpr absl::string_view kForwardMark = "ip_forward was 0";
constexpr int kLoopbackIndex = 1;  // of every network namespace (the kernel's LOOPBACK_IFINDEX)

// An error that says that something is not there, which is what was wanted.
absl::Status Unless(const absl::Status& status, int error) {
  return FindErrno(status) == error ? absl::OkStatus() : status;
}

absl::StatusOr<std::string> ReadForward() {
  PELAGOS_ASSIGN_OR_RETURN(std::string text, sys::ReadFile(kForwardFile, 64));
  return std::string(absl::StripAsciiWhitespace(text));
}

}  // namespace

Rules RulesOf(const std::vector<NetworkRecord>& networks, const std::vector<PortRecord>& ports) {
  Rules rules;
  for (const NetworkRecord& network : networks) {
    rules.bridges.push_back({network.bridge, network.name});
  }
  for (const PortRecord& port : ports) {
    if (!port.target) continue;
    // Records are checked when they are read; what is no address stands for all of them.
    const sys::Ipv4 at = sys::ParseIpv4(port.mapping.host_address).value_or(sys::Ipv4());
    rules.ports.push_back({port.owner, port.mapping.protocol, at, port.mapping.host, *port.target,
                           port.mapping.inside});
  }
  return rules;
}

absl::StatusOr<Host> Host::Open(std::string run_root) {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket route, sys::NetlinkSocket::Open(NETLINK_ROUTE));
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket filter, sys::NetlinkSocket::Open(NETLINK_NETFILTER));
  return Host(std::move(run_root), std::move(route), std::move(filter));
}

absl::StatusOr<Fd> Host::Lock() const {
  PELAGOS_ASSIGN_OR_RETURN(Fd fd, sys::OpenFile(kForwardFile, O_RDONLY));
  const sys::Result result = sys::Call(SYS_flock, fd.get(), LOCK_EX);
  if (!result.ok()) return ErrnoStatus(result.err, "flock", kForwardFile);
  return fd;
}

absl::StatusOr<std::vector<SubnetUser>> Host::Routes(const std::string& own_bridge) {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<sys::Route> routes, sys::ListRoutes(route_));
  PELAGOS_ASSIGN_OR_RETURN(std::vector<sys::Link> links, sys::ListLinks(route_));
  std::vector<SubnetUser> users;
  for (const sys::Route& route : routes) {
    if (route.destination.prefix == 0) continue;
    const auto link = std::find_if(links.begin(), links.end(), [&](const sys::Link& candidate) {
      return candidate.index == route.interface;
    });
    if (link == links.end()) {
      users.push_back({route.destination, "a route of the host"});
    } else if (link->name != own_bridge) {
      users.push_back({route.destination, absl::StrCat("a route through ", link->name)});
    }
  }
  return users;
}

absl::StatusOr<std::string> Host::ChooseBridge(const std::string& network) {
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

absl::Status Host::EnsureBridge(const NetworkRecord& network) {
  const std::string alias = LinkAlias(run_root_, network.name).substr(0, sys::kMaxInterfaceAlias);
  PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> link, sys::FindLink(route_, network.bridge));
  if (!link) {
    sys::MessageBatch create;
    sys::AddBridge(create, network.bridge, sys::MacOf(network.gateway()));
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
  sys::AddAddress(address, link->index, network.gateway(), network.subnet.prefix);
  PELAGOS_RETURN_IF_ERROR(Unless(route_.Execute(address), EEXIST), network.bridge);
  // What the host sends from 127.0.0.1 may leave, and come back, through this interface: see
  // ruleset.h. Gone with the bridge.
  PELAGOS_RETURN_IF_ERROR(sys::WriteKernelFile(
      absl::StrCat("/proc/sys/net/ipv4/conf/", network.bridge, "/route_localnet"), "1"));
  // A kernel without IPv6 has no such file.
  PELAGOS_RETURN_IF_ERROR(
      Unless(sys::WriteKernelFile(
                 absl::StrCat("/proc/sys/net/ipv6/conf/", network.bridge, "/accept_ra"), "0"),
             ENOENT));
  sys::MessageBatch up;
  sys::SetUp(up, link->index, network.bridge);
  return route_.Execute(up);
}

absl::Status Host::DeleteBridge(const NetworkRecord& network) { return Disconnect(network.bridge); }

absl::StatusOr<bool> Host::OtherNeedsForwarding() {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<sys::NftTable> tables,
                           sys::ListNftTables(filter_, kTableFamily));
  const std::string own = TableName(run_root_);
  return std::any_of(tables.begin(), tables.end(), [&](const sys::NftTable& table) {
    return table.name != own && IsTableName(table.name) &&
           absl::StrContains(table.comment, kForwardMark);
  });
}

absl::StatusOr<HostRecord> Host::ReadForwarding() {
  const absl::StatusOr<std::string> now = ReadForward();
  if (!now.ok()) return now.status();
  if (*now != "1") return HostRecord{*now};
  PELAGOS_ASSIGN_OR_RETURN(bool other, OtherNeedsForwarding());
  return other ? HostRecord{std::string(1, '0')} : HostRecord{};
}

absl::Status Host::Forward() {
  PELAGOS_ASSIGN_OR_RETURN(std::string now, ReadForward());
  if (now == "1") return absl::OkStatus();
  return sys::WriteKernelFile(kForwardFile, "1");
}

absl::StatusOr<HostRecord> Host::ReadForwarding6(const HostRecord& record) {
  HostRecord result = record;
  PELAGOS_ASSIGN_OR_RETURN(result.ipv6_conf,
                           net::ReadForwarding6(filter_, TableName(run_root_), record.ipv6_conf));
  return result;
}

absl::Status Host::Forward6(const HostRecord& record) {
  return net::Forward6(filter_, TableName(run_root_), record.ipv6_conf);
}

absl::Status Host::RestoreForwarding(const HostRecord& record) {
  PELAGOS_RETURN_IF_ERROR(RestoreForwarding6(filter_, TableName(run_root_), record.ipv6_conf));
  if (!record.ip_forward) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(bool other, OtherNeedsForwarding());
  if (other) return absl::OkStatus();
  return sys::WriteKernelFile(kForwardFile, *record.ip_forward);
}

absl::Status Host::AddRules(const Rules& add, const std::function<absl::StatusOr<Rules>()>& all,
                            const HostRecord& host) {
  sys::NftTransaction change(kTableFamily, TableName(run_root_));
  AddElements(change, add);
  absl::Status status = change.Commit(filter_);
  if (status.ok() || FindErrno(status) != ENOENT) return status;
  // The first network, or somebody flushed the host's ruleset: all of the table, at once.
  PELAGOS_ASSIGN_OR_RETURN(const Rules rules, all());
  sys::NftTransaction anew(kTableFamily, TableName(run_root_));
  AddRuleset(anew, absl::StrCat(host.ip_forward ? kForwardMark : "ip_forward was 1", "; run root ",
                                run_root_));
  AddElements(anew, rules);
  AddForwarding6Elements(anew, host.ipv6_conf);
  return anew.Commit(filter_);
}

absl::Status Host::AddRules(const std::vector<NetworkRecord>& add_networks,
                            const std::vector<PortRecord>& add_ports,
                            const std::vector<NetworkRecord>& networks,
                            const std::vector<PortRecord>& ports, const HostRecord& host) {
  return AddRules(
      RulesOf(add_networks, add_ports), [&] { return RulesOf(networks, ports); }, host);
}

absl::Status Host::DeleteRules(const Rules& rules) {
  sys::NftTransaction change(kTableFamily, TableName(run_root_));
  DeleteElements(change, rules);
  return Unless(change.Commit(filter_), ENOENT);
}

absl::Status Host::DeleteRules(const std::vector<NetworkRecord>& networks,
                               const std::vector<PortRecord>& ports) {
  return DeleteRules(RulesOf(networks, ports));
}

absl::StatusOr<std::vector<std::string>> Host::OpenFirewalls() {
  return net::OpenFirewalls(filter_, TableName(run_root_));
}

absl::Status Host::DeleteTable() {
  PELAGOS_RETURN_IF_ERROR(CloseFirewalls(filter_, TableName(run_root_)));
  sys::NftTransaction change(kTableFamily, TableName(run_root_));
  change.DeleteTable();
  return Unless(change.Commit(filter_), ENOENT);
}

absl::Status Host::Connect(const std::string& container_id,
                           const std::vector<Connection>& connections, const Fd& netns) {
  sys::MessageBatch create;
  for (const Connection& connection : connections) {
    // A dead container's network namespace may take a while to let go of its interfaces.
    PELAGOS_RETURN_IF_ERROR(Disconnect(connection.veth));
    PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> bridge,
                             sys::FindLink(route_, connection.bridge));
    if (!bridge) {
      return absl::NotFoundError(absl::StrCat("bridge '", connection.bridge, "' of network '",
                                              connection.inside.network, "' is gone"));
    }
    sys::AddVeth(create,
                 {connection.veth, LinkAlias(run_root_, container_id), bridge->index,
                  connection.inside.name, sys::MacOf(connection.inside.address)},
                 netns);
  }
  PELAGOS_RETURN_IF_ERROR(route_.Execute(create));
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket inside,
                           sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns));
  sys::MessageBatch configure;
  sys::SetUp(configure, kLoopbackIndex, "lo");
  for (const Connection& connection : connections) {
    const Interface& interface = connection.inside;
    PELAGOS_ASSIGN_OR_RETURN(std::optional<sys::Link> link, sys::FindLink(inside, interface.name));
    if (!link) return absl::NotFoundError(absl::StrCat(interface.name, " vanished"));
    sys::SetUp(configure, link->index, interface.name);
    sys::AddAddress(configure, link->index, interface.address, interface.prefix);
    if (&connection == &connections.front()) {
      sys::AddDefaultRoute(configure, link->index, interface.gateway);
    }
  }
  return inside.Execute(configure);
}

absl::Status Host::ConnectLoopback(const Fd& netns) {
  PELAGOS_ASSIGN_OR_RETURN(sys::NetlinkSocket inside,
                           sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns));
  sys::MessageBatch configure;
  sys::SetUp(configure, kLoopbackIndex, "lo");
  return inside.Execute(configure);
}

absl::Status Host::Disconnect(const std::string& link) {
  sys::MessageBatch remove;
  sys::DeleteLink(remove, link);
  return Unless(route_.Execute(remove), ENODEV);
}

}  // namespace pelagos::net
