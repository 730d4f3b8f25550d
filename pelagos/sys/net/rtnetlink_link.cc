#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/net/rtnetlink.h"

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
    if (attribute->type == IFLA_MTU) link.mtu = attribute->As<uint32_t>();
    if (attribute->type == IFLA_ADDRESS) link.mac = std::string(attribute->value);
    if (attribute->type == IFLA_MASTER) link.master = attribute->As<int32_t>();
    if (attribute->type == IFLA_LINKINFO) {
      auto kind = AttributeReader::Find(attribute->value, IFLA_INFO_KIND);
      if (kind) link.kind = kind->AsString();
    }
  }
  return link;
}

// Inside, until it has its name: an interface of the host may have that one too, and the kernel
// looks for the name of a new interface in the namespace of the socket.
constexpr char kNewLink[] = "pelagos-new";

struct ModeNumber {
  const char* name;
  uint32_t number;
};
constexpr ModeNumber kMacvlanModes[] = {{"bridge", MACVLAN_MODE_BRIDGE},
                                        {"private", MACVLAN_MODE_PRIVATE},
                                        {"vepa", MACVLAN_MODE_VEPA},
                                        {"passthru", MACVLAN_MODE_PASSTHRU}};
constexpr ModeNumber kIpvlanModes[] = {
    {"l2", IPVLAN_MODE_L2}, {"l3", IPVLAN_MODE_L3}, {"l3s", IPVLAN_MODE_L3S}};

// The first row is the default.
template <size_t kCount>
absl::StatusOr<uint32_t> FindMode(const ModeNumber (&modes)[kCount], const std::string& kind,
                                  const std::string& name) {
  if (name.empty()) return modes[0].number;
  std::string known;
  for (const ModeNumber& mode : modes) {
    if (name == mode.name) return mode.number;
    absl::StrAppend(&known, known.empty() ? "" : ", ", mode.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", name, "' is no mode of ", kind, ": expected one of ", known));
}

// `put_mode` puts the kind's own attributes.
template <typename PutMode>
absl::StatusOr<int> AddChild(NetlinkSocket& host, NetlinkSocket& inside, const Fd& netns,
                             const ChildLink& link, const std::string& kind, PutMode put_mode) {
  MessageBatch create;
  create.Begin(RTM_NEWLINK, kCreate, AnyLink(),
               absl::StrCat("creating ", kind, " interface '", link.name, "'"));
  create.PutString(IFLA_IFNAME, kNewLink);
  create.PutU32(IFLA_LINK, static_cast<uint32_t>(link.parent));
  create.PutU32(IFLA_NET_NS_FD, static_cast<uint32_t>(netns.get()));
  if (!link.mac.empty()) create.Put(IFLA_ADDRESS, link.mac);
  if (link.mtu != 0) create.PutU32(IFLA_MTU, link.mtu);
  create.Nest(IFLA_LINKINFO, [&] {
    create.PutString(IFLA_INFO_KIND, kind);
    create.Nest(IFLA_INFO_DATA, [&] { put_mode(create); });
  });
  create.Acknowledge();
  const absl::Status created = host.Execute(create);
  if (FindErrno(created) == EOPNOTSUPP) {
    return absl::UnimplementedError(
        absl::StrCat("this kernel has no ", kind, " (module ", kind, "): ", created.message()));
  }
  PELAGOS_RETURN_IF_ERROR(created);

  PELAGOS_ASSIGN_OR_RETURN(const std::optional<Link> fresh, FindLink(inside, kNewLink));
  if (!fresh) {
    return absl::InternalError(absl::StrCat(kind, " interface '", link.name, "' did not arrive"));
  }
  MessageBatch name;
  ifinfomsg header = AnyLink();
  header.ifi_index = fresh->index;
  name.Begin(RTM_NEWLINK, 0, header, absl::StrCat("naming interface '", link.name, "'"));
  name.PutString(IFLA_IFNAME, link.name);
  name.Acknowledge();
  const absl::Status named = inside.Execute(name);
  if (named.ok()) return fresh->index;
  MessageBatch undo;
  DeleteLink(undo, kNewLink);
  PELAGOS_RETURN_IF_ERROR(inside.Execute(undo), named.message());
  return named;
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

absl::StatusOr<MacAddress> ParseMac(absl::string_view text) {
  MacAddress mac;
  bool good = text.size() == 17;
  for (size_t i = 0; good && i < 17; ++i) {
    good = i % 3 == 2 ? text[i] == text[2] && (text[i] == ':' || text[i] == '-')
                      : absl::ascii_isxdigit(static_cast<unsigned char>(text[i])) != 0;
  }
  for (size_t i = 0; good && i < 17; i += 3) mac += absl::HexStringToBytes(text.substr(i, 2));
  if (!good) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", text, "' is no Ethernet address: expected six bytes, like 02:50:0a:63:00:02"));
  }
  if ((mac[0] & 1) != 0 || mac == MacAddress(6, '\0')) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' cannot be the address of an interface: it is ",
                     (mac[0] & 1) != 0 ? "a group's" : "zero"));
  }
  return mac;
}

std::string MacText(const MacAddress& mac) {
  std::string text;
  for (const char byte : mac) {
    absl::StrAppend(&text, text.empty() ? "" : ":",
                    absl::Hex(static_cast<unsigned char>(byte), absl::kZeroPad2));
  }
  return text;
}

void AddBridge(MessageBatch& batch, const std::string& name, const MacAddress& mac, uint32_t mtu) {
  batch.Begin(RTM_NEWLINK, kCreate, AnyLink(), absl::StrCat("creating bridge '", name, "'"));
  batch.PutString(IFLA_IFNAME, name);
  batch.Put(IFLA_ADDRESS, mac);
  batch.Nest(IFLA_LINKINFO, [&] {
    batch.PutString(IFLA_INFO_KIND, "bridge");
    batch.Nest(IFLA_INFO_DATA, [&] { batch.PutU32(IFLA_BR_FORWARD_DELAY, 0); });
  });
  batch.Acknowledge();
  if (mtu == 0) return;
  // Behind the creation: only then does a bridge keep it when ports come and go.
  batch.Begin(RTM_NEWLINK, 0, AnyLink(), absl::StrCat("setting the MTU of '", name, "' to ", mtu));
  batch.PutString(IFLA_IFNAME, name);
  batch.PutU32(IFLA_MTU, mtu);
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
  if (pair.mtu != 0) batch.PutU32(IFLA_MTU, pair.mtu);
  if (pair.master != 0) batch.PutU32(IFLA_MASTER, static_cast<uint32_t>(pair.master));
  batch.Nest(IFLA_LINKINFO, [&] {
    batch.PutString(IFLA_INFO_KIND, "veth");
    batch.Nest(IFLA_INFO_DATA, [&] {
      batch.NestWithHeader(VETH_INFO_PEER, AnyLink(), [&] {
        batch.PutString(IFLA_IFNAME, pair.peer_name);
        if (!pair.peer_mac.empty()) batch.Put(IFLA_ADDRESS, pair.peer_mac);
        if (pair.mtu != 0) batch.PutU32(IFLA_MTU, pair.mtu);
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
  if (!pair.link_local) {
    batch.Nest(IFLA_AF_SPEC, [&] {
      batch.Nest(AF_INET6, [&] { batch.PutU8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE); });
    });
  }
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

absl::StatusOr<int> AddMacvlan(NetlinkSocket& host, NetlinkSocket& inside, const Fd& netns,
                               const ChildLink& link) {
  PELAGOS_ASSIGN_OR_RETURN(const uint32_t mode, FindMode(kMacvlanModes, "macvlan", link.mode));
  return AddChild(host, inside, netns, link, "macvlan",
                  [&](MessageBatch& batch) { batch.PutU32(IFLA_MACVLAN_MODE, mode); });
}

absl::StatusOr<int> AddIpvlan(NetlinkSocket& host, NetlinkSocket& inside, const Fd& netns,
                              const ChildLink& link) {
  PELAGOS_ASSIGN_OR_RETURN(const uint32_t mode, FindMode(kIpvlanModes, "ipvlan", link.mode));
  if (!link.mac.empty()) {
    return absl::InvalidArgumentError("an ipvlan interface has its parent's Ethernet address");
  }
  return AddChild(host, inside, netns, link, "ipvlan", [&](MessageBatch& batch) {
    batch.PutU16(IFLA_IPVLAN_MODE, static_cast<uint16_t>(mode));
  });
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

}  // namespace pelagos::sys
