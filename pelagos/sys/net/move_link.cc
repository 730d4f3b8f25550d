#include "pelagos/sys/net/move_link.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::sys {
namespace {

// As the kernel said it, and is told it again.
struct Address {
  ifaddrmsg header;
  std::vector<std::pair<uint16_t, std::string>> attributes;
};

std::optional<Address> ParseAddress(absl::string_view payload, int index) {
  Address address = {};
  if (payload.size() < sizeof(address.header)) return std::nullopt;
  std::memcpy(&address.header, payload.data(), sizeof(address.header));
  if (address.header.ifa_index != static_cast<uint32_t>(index)) return std::nullopt;
  uint32_t flags = address.header.ifa_flags;
  AttributeReader reader(payload.substr(sizeof(address.header)));
  while (auto attribute = reader.Next()) {
    if (attribute->type == IFA_FLAGS) flags = attribute->As<uint32_t>();
    if (attribute->type == IFA_ADDRESS || attribute->type == IFA_LOCAL ||
        attribute->type == IFA_BROADCAST) {
      address.attributes.emplace_back(attribute->type, std::string(attribute->value));
    }
  }
  const bool by_hand = (flags & IFA_F_PERMANENT) != 0;
  if (!by_hand || address.header.ifa_scope != RT_SCOPE_UNIVERSE) return std::nullopt;
  return address;
}

absl::StatusOr<std::vector<Address>> AddressesOf(NetlinkSocket& socket, int index) {
  MessageBatch batch;
  batch.Begin(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{}, "listing addresses");
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<NetlinkReply> replies, socket.Ask(batch));
  std::vector<Address> addresses;
  for (const NetlinkReply& reply : replies) {
    if (auto address = ParseAddress(reply.payload, index)) addresses.push_back(*std::move(address));
  }
  return addresses;
}

}  // namespace

absl::Status MoveLink(const std::string& name, const std::string& inside, const Fd& netns) {
  PELAGOS_ASSIGN_OR_RETURN(NetlinkSocket here, NetlinkSocket::Open(NETLINK_ROUTE));
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<Link> link, FindLink(here, name));
  if (!link) return absl::NotFoundError(absl::StrCat("there is no interface '", name, "'"));
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<Address> addresses, AddressesOf(here, link->index));

  MessageBatch move;
  ifinfomsg header = {};
  header.ifi_index = link->index;
  move.Begin(RTM_NEWLINK, 0, header, absl::StrCat("moving interface '", name, "'"));
  move.PutString(IFLA_IFNAME, inside);
  move.PutU32(IFLA_NET_NS_FD, static_cast<uint32_t>(netns.get()));
  move.Acknowledge();
  PELAGOS_RETURN_IF_ERROR(here.Execute(move));

  PELAGOS_ASSIGN_OR_RETURN(NetlinkSocket there, NetlinkSocket::OpenIn(NETLINK_ROUTE, netns));
  PELAGOS_ASSIGN_OR_RETURN(const std::optional<Link> moved, FindLink(there, inside));
  if (!moved) return absl::InternalError(absl::StrCat("interface '", inside, "' did not arrive"));
  MessageBatch batch;
  SetUp(batch, moved->index, inside);
  for (const Address& address : addresses) {
    ifaddrmsg again = address.header;
    again.ifa_index = static_cast<uint32_t>(moved->index);
    again.ifa_flags = 0;
    batch.Begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, again,
                absl::StrCat("adding an address to '", inside, "'"));
    for (const auto& [type, value] : address.attributes) batch.Put(type, value);
    batch.Acknowledge();
  }
  return there.Execute(batch);
}

}  // namespace pelagos::sys
