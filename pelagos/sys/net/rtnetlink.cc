#include "pelagos/sys/net/rtnetlink.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::sys {
namespace {

constexpr uint16_t kCreate = NLM_F_CREATE | NLM_F_EXCL;

ifinfomsg AnyLink() {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  return header;
}

Link ParseLink(absl::string_view payload) {
  Link link;
  ifinfomsg header{};
  if (payload.size() < sizeof(header)) return link;
  std::memcpy(&header, payload.data(), sizeof(header));
  link.index = header.ifi_index;
  link.up = (header.ifi_flags & IFF_UP) != 0;
  AttributeReader reader(payload.substr(sizeof(header)));
  while (auto attribute = reader.Next()) {
    if (attribute->type == IFLA_IFNAME) link.name = attribute->AsString();
    if (attribute->type == IFLA_IFALIAS) link.alias = attribute->AsString();
    if (attribute->type == IFLA_MASTER) link.master = attribute->As<int32_t>();
    if (attribute->type == IFLA_LINKINFO) {
      auto kind = AttributeReader::Find(attribute->value, IFLA_INFO_KIND);
      if (kind) link.kind = kind->AsString();
    }
  }
  return link;
}

std::optional<Route> ParseRoute(absl::string_view payload) {
  rtmsg header{};
  if (payload.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, payload.data(), sizeof(header));
  if (header.rtm_table == RT_TABLE_LOCAL || header.rtm_type == RTN_BROADCAST ||
      header.rtm_type == RTN_MULTICAST) {
    return std::nullopt;
  }
  Route route;
  route.destination.prefix = header.rtm_dst_len;
  AttributeReader reader(payload.substr(sizeof(header)));
  while (auto attribute = reader.Next()) {
    if (attribute->type == RTA_DST) {
      route.destination.base.bits = ntohl(attribute->As<uint32_t>());
    }
    if (attribute->type == RTA_OIF) route.interface = attribute->As<int32_t>();
  }
  return route;
}

}  // namespace

MacAddress MacOf(Ipv4 address) {
  const uint32_t bits = address.bits;
  return {'\x02',
          '\x50',
          static_cast<char>(bits >> 24),
          static_cast<char>(bits >> 16),
          static_cast<char>(bits >> 8),
          static_cast<char>(bits)};
}

void AddBridge(MessageBatch& batch, const std::string& name, const MacAddress& mac) {
  batch.Begin(RTM_NEWLINK, kCreate, AnyLink(), absl::StrCat("creating bridge '", name, "'"));
  batch.PutString(IFLA_IFNAME, name);
  batch.Put(IFLA_ADDRESS, mac);
  batch.Nest(IFLA_LINKINFO, [&] {
    batch.PutString(IFLA_INFO_KIND, "bridge");
    batch.Nest(IFLA_INFO_DATA, [&] { batch.PutU32(IFLA_BR_FORWARD_DELAY, 0); });
  });
  batch.Acknowledge();
}

void SetAlias(MessageBatch& batch, const std::string& name, absl::string_view alias) {
  batch.Begin(RTM_NEWLINK, 0, AnyLink(), absl::StrCat("naming the owner of '", name, "'"));
  batch.PutString(IFLA_IFNAME, name);
  batch.Put(IFLA_IFALIAS, alias.substr(0, kMaxInterfaceAlias));
  batch.Acknowledge();
}

void AddVeth(MessageBatch& batch, const VethPair& pair, const Fd& netns) {
  ifinfomsg up = AnyLink();
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  batch.Begin(RTM_NEWLINK, kCreate, up,
              absl::StrCat("creating veth pair '", pair.name, "' and '", pair.peer_name, "'"));
  batch.PutString(IFLA_IFNAME, pair.name);
  if (pair.master != 0) batch.PutU32(IFLA_MASTER, static_cast<uint32_t>(pair.master));
  batch.Nest(IFLA_LINKINFO, [&] {
    batch.PutString(IFLA_INFO_KIND, "veth");
    batch.Nest(IFLA_INFO_DATA, [&] {
      batch.NestWithHeader(VETH_INFO_PEER, AnyLink(), [&] {
        batch.PutString(IFLA_IFNAME, pair.peer_name);
        batch.Put(IFLA_ADDRESS, pair.peer_mac);
        batch.PutU32(IFLA_NET_NS_FD, static_cast<uint32_t>(netns.get()));
      });
    });
  });
  batch.Acknowledge();
  SetAlias(batch, pair.name, pair.alias);
  if (pair.master == 0) return;
  batch.Begin(RTM_NEWLINK, 0, AnyLink(), absl::StrCat("setting hairpin mode of '", pair.name, "'"));
  batch.PutString(IFLA_IFNAME, pair.name);
  batch.Nest(IFLA_LINKINFO, [&] {
    batch.PutString(IFLA_INFO_SLAVE_KIND, "bridge");
    batch.Nest(IFLA_INFO_SLAVE_DATA, [&] { batch.PutU8(IFLA_BRPORT_MODE, 1); });
  });
  batch.Acknowledge();
}

void SetUp(MessageBatch& batch, int index, absl::string_view label) {
  ifinfomsg header = AnyLink();
  header.ifi_index = index;
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  batch.Begin(RTM_NEWLINK, 0, header, absl::StrCat("setting '", label, "' up"));
  batch.Acknowledge();
}

void DeleteLink(MessageBatch& batch, const std::string& name) {
  batch.Begin(RTM_DELLINK, 0, AnyLink(), absl::StrCat("deleting interface '", name, "'"));
  batch.PutString(IFLA_IFNAME, name);
  batch.Acknowledge();
}

void AddAddress(MessageBatch& batch, int index, Ipv4 address, int prefix) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = static_cast<uint8_t>(prefix);
  header.ifa_index = static_cast<uint32_t>(index);
  batch.Begin(RTM_NEWADDR, kCreate, header,
              absl::StrCat("adding address ", ToString(address), "/", prefix));
  batch.PutBe32(IFA_LOCAL, address.bits);
  batch.PutBe32(IFA_ADDRESS, address.bits);
  const Subnet subnet{address, prefix};
  batch.PutBe32(IFA_BROADCAST, subnet.broadcast().bits);
  batch.Acknowledge();
}

void AddDefaultRoute(MessageBatch& batch, int index, Ipv4 gateway) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  batch.Begin(RTM_NEWROUTE, kCreate, header,
              absl::StrCat("adding the default route through ", ToString(gateway)));
  batch.PutBe32(RTA_GATEWAY, gateway.bits);
  batch.PutU32(RTA_OIF, static_cast<uint32_t>(index));
  batch.Acknowledge();
}

absl::StatusOr<std::optional<Link>> FindLink(NetlinkSocket& socket, const std::string& name) {
  MessageBatch batch;
  batch.Begin(RTM_GETLINK, 0, AnyLink(), absl::StrCat("looking for interface '", name, "'"));
  batch.PutString(IFLA_IFNAME, name);
  absl::StatusOr<std::vector<NetlinkReply>> replies = socket.Ask(batch);
  if (!replies.ok()) {
    if (FindErrno(replies.status()) == ENODEV) return std::optional<Link>();
    return replies.status();
  }
  if (replies->empty()) return std::optional<Link>();
  return std::optional<Link>(ParseLink((*replies)[0].payload));
}

absl::StatusOr<std::vector<Link>> ListLinks(NetlinkSocket& socket) {
  MessageBatch batch;
  batch.Begin(RTM_GETLINK, NLM_F_DUMP, AnyLink(), "listing interfaces");
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetlinkReply> replies, socket.Ask(batch));
  std::vector<Link> links;
  for (const NetlinkReply& reply : replies) links.push_back(ParseLink(reply.payload));
  return links;
}

absl::StatusOr<std::vector<Route>> ListRoutes(NetlinkSocket& socket) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  MessageBatch batch;
  batch.Begin(RTM_GETROUTE, NLM_F_DUMP, header, "listing routes");
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetlinkReply> replies, socket.Ask(batch));
  std::vector<Route> routes;
  for (const NetlinkReply& reply : replies) {
    if (std::optional<Route> route = ParseRoute(reply.payload)) routes.push_back(*route);
  }
  return routes;
}

}  // namespace pelagos::sys
