#include "pelagos/net/ruleset.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <cstring>

namespace pelagos::net {
namespace {

using sys::NftRule;
using sys::NftType;

constexpr char kBridges[] = "bridges";
constexpr char kSame[] = "same";
constexpr char kPorts[] = "ports";
constexpr char kPortsAny[] = "ports_any";

constexpr uint32_t kSourceOffset = 12;       // of the IPv4 header
constexpr uint32_t kDestinationOffset = 16;  // of the IPv4 header
constexpr uint32_t kPortOffset = 2;          // destination port of TCP and UDP
constexpr uint32_t kNameWords = 4;           // an interface's name in the register file

// linux/netfilter_ipv4.h, which cannot be included beside netinet/in.h.
constexpr int32_t kPriorityRaw = -300;
constexpr int32_t kPriorityDnat = -100;
constexpr int32_t kPriorityFilter = 0;
constexpr int32_t kPrioritySnat = 100;

// ct state: bit 0 is invalid, then one for each ip_conntrack_info.
constexpr uint32_t kEstablishedOrRelated =
    (1u << (IP_CT_ESTABLISHED + 1)) | (1u << (IP_CT_RELATED + 1));

// Of packets that a network sends itself through a published port. They are known in the forward
// hook, but masqueraded in the postrouting hook, which does not see where they came from if the
// bridge carries them itself (br_netfilter).
constexpr uint32_t kHairpinMark = 0x00100000;

std::string InterfaceKey(const std::string& name) {
  std::string key = name;
  key.resize(kNameWords * 4, '\0');
  return key;
}

std::string AddressWord(sys::Ipv4 address) {
  const uint32_t word = htonl(address.bits);
  return {reinterpret_cast<const char*>(&word), sizeof(word)};
}

std::string PortWord(uint16_t port) {
  return {static_cast<char>(port >> 8), static_cast<char>(port), '\0', '\0'};
}

std::string ProtocolWord(Protocol protocol) {
  return {static_cast<char>(protocol == Protocol::kTcp ? IPPROTO_TCP : IPPROTO_UDP), '\0', '\0',
          '\0'};
}

struct PortElement {
  const char* map;
  std::string key;
  std::string data;
};

PortElement ElementOf(const PortRecord& port) {
  PortElement element;
  element.key = ProtocolWord(port.mapping.protocol) + PortWord(port.mapping.host);
  element.map = kPortsAny;
  // Records are checked when they are read; what is no address stands for all of them.
  absl::StatusOr<sys::Ipv4> host = sys::ParseIpv4(port.mapping.host_address);
  if (host.ok() && host->bits != 0) {
    element.map = kPorts;
    element.key = AddressWord(*host) + element.key;
  }
  element.data = AddressWord(*port.target) + PortWord(port.mapping.inside);
  return element;
}

void MatchInterface(NftRule& rule, uint32_t key, bool inverted = false) {
  rule.LoadMeta(key, 0);
  rule.MatchSet(kBridges, 0, inverted);
}

void MatchSameBridge(NftRule& rule) {
  rule.LoadMeta(NFT_META_IIFNAME, 0);
  rule.LoadMeta(NFT_META_OIFNAME, kNameWords);
  rule.MatchSet(kSame, 0);
}

void MatchLoopback(NftRule& rule, uint32_t offset) {
  rule.LoadPayload(NFT_PAYLOAD_NETWORK_HEADER, offset, 1, 0);
  rule.MatchEqual(0, "\x7f");
}

void AddDestinationRules(sys::NftTransaction& change, const std::string& chain) {
  change.AddRule(chain, [](NftRule& rule) {
    rule.LoadPayload(NFT_PAYLOAD_NETWORK_HEADER, kDestinationOffset, 4, 0);
    rule.LoadMeta(NFT_META_L4PROTO, 1);
    rule.LoadPayload(NFT_PAYLOAD_TRANSPORT_HEADER, kPortOffset, 2, 2);
    rule.Map(kPorts, 0, 0);
    rule.Dnat(0);
  });
  change.AddRule(chain, [](NftRule& rule) {
    const uint32_t local = RTN_LOCAL;
    rule.LoadAddressType(0);
    rule.MatchEqual(0, {reinterpret_cast<const char*>(&local), sizeof(local)});
    rule.LoadMeta(NFT_META_L4PROTO, 0);
    rule.LoadPayload(NFT_PAYLOAD_TRANSPORT_HEADER, kPortOffset, 2, 1);
    rule.Map(kPortsAny, 0, 0);
    rule.Dnat(0);
  });
}

}  // namespace

void AddRuleset(sys::NftTransaction& change, absl::string_view comment) {
  change.AddTable(comment);
  change.AddSet({kBridges, {NftType::kInterface}, {}});
  change.AddSet({kSame, {NftType::kInterface, NftType::kInterface}, {}});
  const std::vector<NftType> target = {NftType::kIpv4, NftType::kPort};
  change.AddSet({kPorts, {NftType::kIpv4, NftType::kProtocol, NftType::kPort}, target});
  change.AddSet({kPortsAny, {NftType::kProtocol, NftType::kPort}, target});

  change.AddChain({"guard", "filter", NF_INET_PRE_ROUTING, kPriorityRaw});
  change.AddChain({"prerouting", "nat", NF_INET_PRE_ROUTING, kPriorityDnat});
  change.AddChain({"output", "nat", NF_INET_LOCAL_OUT, kPriorityDnat});
  change.AddChain({"postrouting", "nat", NF_INET_POST_ROUTING, kPrioritySnat});
  change.AddChain({"forward", "filter", NF_INET_FORWARD, kPriorityFilter});

  for (uint32_t offset : {kSourceOffset, kDestinationOffset}) {
    change.AddRule("guard", [offset](NftRule& rule) {
      MatchInterface(rule, NFT_META_IIFNAME);
      MatchLoopback(rule, offset);
      rule.Drop();
    });
  }
  // Ports of 127.0.0.1 are for the host alone, whatever route_localnet other interfaces have.
  change.AddRule("prerouting", [](NftRule& rule) {
    MatchLoopback(rule, kDestinationOffset);
    rule.Accept();
  });
  AddDestinationRules(change, "prerouting");
  AddDestinationRules(change, "output");

  change.AddRule("postrouting", [](NftRule& rule) {
    MatchInterface(rule, NFT_META_IIFNAME);
    MatchInterface(rule, NFT_META_OIFNAME, /*inverted=*/true);
    rule.Masquerade();
  });
  change.AddRule("postrouting", [](NftRule& rule) {
    MatchLoopback(rule, kSourceOffset);
    MatchInterface(rule, NFT_META_OIFNAME);
    rule.Masquerade();
  });
  change.AddRule("postrouting", [](NftRule& rule) {
    rule.LoadMeta(NFT_META_MARK, 0);
    rule.MatchAnyBit(0, kHairpinMark);
    rule.Masquerade();
  });

  change.AddRule("forward", [](NftRule& rule) {
    MatchInterface(rule, NFT_META_OIFNAME, /*inverted=*/true);
    rule.Accept();
  });
  change.AddRule("forward", [](NftRule& rule) {
    rule.LoadConntrack(NFT_CT_STATE, 0);
    rule.MatchAnyBit(0, kEstablishedOrRelated);
    rule.Accept();
  });
  change.AddRule("forward", [](NftRule& rule) {
    MatchSameBridge(rule);
    rule.LoadConntrack(NFT_CT_STATUS, 0);
    rule.MatchAnyBit(0, IPS_DST_NAT);
    rule.SetMark(kHairpinMark);
  });
  change.AddRule("forward", [](NftRule& rule) {
    MatchSameBridge(rule);
    rule.Accept();
  });
  change.AddRule("forward", [](NftRule& rule) {
    rule.LoadConntrack(NFT_CT_STATUS, 0);
    rule.MatchAnyBit(0, IPS_DST_NAT);
    rule.Accept();
  });
  change.AddRule("forward", [](NftRule& rule) { rule.Drop(); });
}

void AddBridgeElements(sys::NftTransaction& change, const NetworkRecord& network) {
  const std::string key = InterfaceKey(network.bridge);
  change.AddElement(kBridges, key, "", network.name);
  change.AddElement(kSame, key + key, "", network.name);
}

void DeleteBridgeElements(sys::NftTransaction& change, const NetworkRecord& network) {
  AddBridgeElements(change, network);  // what is not there could not be deleted
  const std::string key = InterfaceKey(network.bridge);
  change.DeleteElement(kBridges, key);
  change.DeleteElement(kSame, key + key);
}

void AddPortElement(sys::NftTransaction& change, const PortRecord& port) {
  const PortElement element = ElementOf(port);
  change.AddElement(element.map, element.key, element.data, port.owner);
}

void DeletePortElement(sys::NftTransaction& change, const PortRecord& port) {
  AddPortElement(change, port);  // what is not there could not be deleted
  const PortElement element = ElementOf(port);
  change.DeleteElement(element.map, element.key);
}

}  // namespace pelagos::net
