#include "pelagos/sys/net/rtnetlink.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::sys {
namespace {

constexpr uint16_t kCreate = NLM_F_CREATE | NLM_F_EXCL;

constexpr uint8_t FamilyOf(Ipv4) { return AF_INET; }
constexpr uint8_t FamilyOf(const Ipv6&) { return AF_INET6; }

void PutAddress(MessageBatch& batch, uint16_t type, Ipv4 address) {
  batch.PutBe32(type, address.bits);
}
void PutAddress(MessageBatch& batch, uint16_t type, const Ipv6& address) {
  batch.PutRaw(type, address.bytes);
}

void ReadAddress(const AttributeReader::Attribute& attribute, Ipv4& address) {
  address.bits = ntohl(attribute.As<uint32_t>());
}
void ReadAddress(const AttributeReader::Attribute& attribute, Ipv6& address) {
  address.bytes = attribute.As<std::array<uint8_t, 16>>();
}

template <typename Ip>
void BeginAddress(MessageBatch& batch, uint16_t type, uint16_t flags, int index, const Ip& address,
                  int prefix, absl::string_view verb) {
  ifaddrmsg header{};
  header.ifa_family = FamilyOf(address);
  header.ifa_prefixlen = static_cast<uint8_t>(prefix);
  header.ifa_index = static_cast<uint32_t>(index);
  batch.Begin(type, flags, header, absl::StrCat(verb, " address ", ToString(address), "/", prefix));
  PutAddress(batch, IFA_LOCAL, address);
  PutAddress(batch, IFA_ADDRESS, address);
}

template <typename Ip>
void DeleteAddressOf(MessageBatch& batch, int index, const Ip& address, int prefix) {
  BeginAddress(batch, RTM_DELADDR, 0, index, address, prefix, "deleting");
  batch.Acknowledge();
}

template <typename Ip>
void AddDefaultRouteOf(MessageBatch& batch, int index, const Ip& gateway) {
  rtmsg header{};
  header.rtm_family = FamilyOf(gateway);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  batch.Begin(RTM_NEWROUTE, kCreate, header,
              absl::StrCat("adding the default route through ", ToString(gateway)));
  PutAddress(batch, RTA_GATEWAY, gateway);
  batch.PutU32(RTA_OIF, static_cast<uint32_t>(index));
  batch.Acknowledge();
}

template <typename Ip>
void AddNeighbourOf(MessageBatch& batch, int index, const Ip& address, const MacAddress& mac) {
  ndmsg header{};
  header.ndm_family = FamilyOf(address);
  header.ndm_ifindex = index;
  header.ndm_state = NUD_PERMANENT;
  batch.Begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header,
              absl::StrCat("adding neighbour ", ToString(address)));
  PutAddress(batch, NDA_DST, address);
  batch.Put(NDA_LLADDR, mac);
  batch.Acknowledge();
}

template <typename Ip>
LinkAddress ParseAddress(const ifaddrmsg& header, absl::string_view attributes) {
  Ip address;
  // On a point-to-point link IFA_ADDRESS is the other end's; IPv6 has IFA_LOCAL only there.
  auto found = AttributeReader::Find(attributes, IFA_LOCAL);
  if (!found) found = AttributeReader::Find(attributes, IFA_ADDRESS);
  if (found) ReadAddress(*found, address);
  return {address, header.ifa_prefixlen, static_cast<int>(header.ifa_index)};
}

template <typename AnyRoute>
std::optional<AnyRoute> ParseRoute(absl::string_view payload) {
  rtmsg header{};
  if (payload.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, payload.data(), sizeof(header));
  if (header.rtm_table == RT_TABLE_LOCAL || header.rtm_type == RTN_BROADCAST ||
      header.rtm_type == RTN_MULTICAST) {
    return std::nullopt;
  }
  AnyRoute route;
  if (header.rtm_family != FamilyOf(route.destination.base)) return std::nullopt;
  route.destination.prefix = header.rtm_dst_len;
  AttributeReader reader(payload.substr(sizeof(header)));
  while (auto attribute = reader.Next()) {
    if (attribute->type == RTA_DST) ReadAddress(*attribute, route.destination.base);
    if (attribute->type == RTA_OIF) route.interface = attribute->As<int32_t>();
  }
  return route;
}

template <typename AnyRoute>
absl::StatusOr<std::vector<AnyRoute>> ListRoutesOf(NetlinkSocket& socket) {
  rtmsg header{};
  header.rtm_family = FamilyOf(AnyRoute().destination.base);
  MessageBatch batch;
  batch.Begin(RTM_GETROUTE, NLM_F_DUMP, header, "listing routes");
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetlinkReply> replies, socket.Ask(batch));
  std::vector<AnyRoute> routes;
  for (const NetlinkReply& reply : replies) {
    if (std::optional<AnyRoute> route = ParseRoute<AnyRoute>(reply.payload)) {
      routes.push_back(*route);
    }
  }
  return routes;
}

}  // namespace

void AddAddress(MessageBatch& batch, int index, Ipv4 address, int prefix) {
  BeginAddress(batch, RTM_NEWADDR, kCreate, index, address, prefix, "adding");
  const Subnet subnet{address, prefix};
  batch.PutBe32(IFA_BROADCAST, subnet.broadcast().bits);
  batch.Acknowledge();
}

void AddAddress(MessageBatch& batch, int index, const Ipv6& address, int prefix) {
  BeginAddress(batch, RTM_NEWADDR, kCreate, index, address, prefix, "adding");
  batch.PutU32(IFA_FLAGS, IFA_F_NODAD);
  batch.Acknowledge();
}

void DeleteAddress(MessageBatch& batch, int index, Ipv4 address, int prefix) {
  DeleteAddressOf(batch, index, address, prefix);
}
void DeleteAddress(MessageBatch& batch, int index, const Ipv6& address, int prefix) {
  DeleteAddressOf(batch, index, address, prefix);
}

void AddDefaultRoute(MessageBatch& batch, int index, Ipv4 gateway) {
  AddDefaultRouteOf(batch, index, gateway);
}
void AddDefaultRoute(MessageBatch& batch, int index, const Ipv6& gateway) {
  AddDefaultRouteOf(batch, index, gateway);
}

void AddNeighbour(MessageBatch& batch, int index, Ipv4 address, const MacAddress& mac) {
  AddNeighbourOf(batch, index, address, mac);
}
void AddNeighbour(MessageBatch& batch, int index, const Ipv6& address, const MacAddress& mac) {
  AddNeighbourOf(batch, index, address, mac);
}

absl::StatusOr<std::vector<LinkAddress>> ListAddresses(NetlinkSocket& socket, int index) {
  MessageBatch batch;
  batch.Begin(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{}, "listing addresses");
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetlinkReply> replies, socket.Ask(batch));
  std::vector<LinkAddress> addresses;
  for (const NetlinkReply& reply : replies) {
    ifaddrmsg header{};
    if (reply.payload.size() < sizeof(header)) continue;
    std::memcpy(&header, reply.payload.data(), sizeof(header));
    if (index != 0 && header.ifa_index != static_cast<uint32_t>(index)) continue;
    const absl::string_view attributes = absl::string_view(reply.payload).substr(sizeof(header));
    if (header.ifa_family == AF_INET) addresses.push_back(ParseAddress<Ipv4>(header, attributes));
    if (header.ifa_family == AF_INET6) addresses.push_back(ParseAddress<Ipv6>(header, attributes));
  }
  return addresses;
}

absl::StatusOr<std::vector<Route>> ListRoutes(NetlinkSocket& socket) {
  return ListRoutesOf<Route>(socket);
}

absl::StatusOr<std::vector<Route6>> ListRoutes6(NetlinkSocket& socket) {
  return ListRoutesOf<Route6>(socket);
}

}  // namespace pelagos::sys
