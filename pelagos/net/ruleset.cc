#include "pelagos/net/ruleset.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <utility>

namespace pelagos::net {
namespace {

using sys::NftRule;
using sys::NftType;

static_assert(kTableFamily == NFPROTO_INET);

constexpr char kBridges[] = "bridges";
constexpr char kSame[] = "same";
constexpr char kInternal[] = "internal";
constexpr char kNat66[] = "nat66";

// What differs between the families in the rules.
struct Family {
  uint8_t number;
  NftType address;
  uint32_t words;        // of an address in the register file
  uint32_t source;       // offset in the header
  uint32_t destination;  // offset in the header
  const char* ports;
  const char* ports_any;
};
constexpr Family kIpv4{NFPROTO_IPV4, NftType::kIpv4, 1, 12, 16, "ports", "ports_any"};
constexpr Family kIpv6{NFPROTO_IPV6, NftType::kIpv6, 4, 8, 24, "ports6", "ports6_any"};

constexpr uint32_t kPortOffset = 2;  // destination port of TCP and UDP
constexpr uint32_t kNameWords = 4;   // an interface's name in the register file
constexpr uint16_t kDnsPort = 53;

// linux/netfilter_ipv4.h, which cannot be included beside netinet/in.h.
constexpr int32_t kPriorityDnat = -100;
constexpr int32_t kPriorityMangle = -150;
constexpr int32_t kPrioritySnat = 100;

// ct state: bit 0 is invalid, then one for each ip_conntrack_info.
constexpr uint32_t kEstablishedOrRelated =
    (1u << (IP_CT_ESTABLISHED + 1)) | (1u << (IP_CT_RELATED + 1));
constexpr uint32_t kNew = 1u << (IP_CT_NEW + 1);

// Of packets that a network sends itself through a published port. They are known in the forward
// hook, but masqueraded in the postrouting hook, which does not see where they came from if the
// bridge carries them itself (br_netfilter).
constexpr uint32_t kHairpinMark = 0x00100000;

std::string Bytes(sys::Ipv4 address) {
  const uint32_t word = htonl(address.bits);
  return {reinterpret_cast<const char*>(&word), sizeof(word)};
}

std::string Bytes(const sys::Ipv6& address) {
  return {reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size()};
}

std::string Bytes(const IpAddress& address) {
  return std::visit([](const auto& some) { return Bytes(some); }, address);
}

std::string PortWord(uint16_t port) {
  return {static_cast<char>(port >> 8), static_cast<char>(port), '\0', '\0'};
}

std::string ProtocolWord(Protocol protocol) {
  return {static_cast<char>(protocol == Protocol::kTcp ? IPPROTO_TCP : IPPROTO_UDP), '\0', '\0',
          '\0'};
}

struct Element {
  const char* set;
  std::string key;
  std::string data;
  const std::string& owner;
};

Element ElementOf(const PortRule& port) {
  const Family& family = std::holds_alternative<sys::Ipv4>(port.at) ? kIpv4 : kIpv6;
  Element element{family.ports_any, ProtocolWord(port.protocol) + PortWord(port.host),
                  Bytes(port.target) + PortWord(port.inside), port.owner};
  if (port.at != IpAddress(sys::Ipv4()) && port.at != IpAddress(sys::Ipv6())) {
    element.set = family.ports;
    element.key = Bytes(port.at) + element.key;
  }
  return element;
}

std::vector<Element> ElementsOf(const Rules& rules) {
  std::vector<Element> elements;
  for (const BridgeRule& bridge : rules.bridges) {
    const std::string key = InterfaceKey(bridge.bridge);
    elements.push_back({kBridges, key, "", bridge.network});
    elements.push_back({kSame, key + key, "", bridge.network});
    if (bridge.internal) elements.push_back({kInternal, key, "", bridge.network});
    if (bridge.nat66) elements.push_back({kNat66, key, "", bridge.network});
  }
  for (const PortRule& port : rules.ports) elements.push_back(ElementOf(port));
  return elements;
}

void MatchFrom(NftRule& rule, const char* set, bool inverted = false) {
  rule.LoadMeta(NFT_META_IIFNAME, 0);
  rule.MatchSet(set, 0, inverted);
}

void MatchTo(NftRule& rule, const char* set, bool inverted = false) {
  rule.LoadMeta(NFT_META_OIFNAME, 0);
  rule.MatchSet(set, 0, inverted);
}

void MatchSameBridge(NftRule& rule) {
  rule.LoadMeta(NFT_META_IIFNAME, 0);
  rule.LoadMeta(NFT_META_OIFNAME, kNameWords);
  rule.MatchSet(kSame, 0);
}

// All that looks into a header says first which one it is.
void MatchFamily(NftRule& rule, const Family& family) {
  rule.LoadMeta(NFT_META_NFPROTO, 0);
  rule.MatchEqual(0, {reinterpret_cast<const char*>(&family.number), 1});
}

void MatchState(NftRule& rule, uint32_t key, uint32_t bits) {
  rule.LoadConntrack(key, 0);
  rule.MatchAnyBit(0, bits);
}

// 127.0.0.0/8.
void MatchLoopback(NftRule& rule, uint32_t offset) {
  MatchFamily(rule, kIpv4);
  rule.LoadPayload(NFT_PAYLOAD_NETWORK_HEADER, offset, 1, 0);
  rule.MatchEqual(0, "\x7f");
}

// Addresses of IPv6 that begin with the bits of `prefix` (in the first two bytes).
void MatchPrefix6(NftRule& rule, uint32_t offset, uint16_t prefix, int bits,
                  bool inverted = false) {
  const auto address = [](int word) {
    sys::Ipv6 result;
    result.bytes[0] = static_cast<uint8_t>(word >> 8);
    result.bytes[1] = static_cast<uint8_t>(word);
    return Bytes(result);
  };
  MatchFamily(rule, kIpv6);
  rule.LoadPayload(NFT_PAYLOAD_NETWORK_HEADER, offset, 16, 0);
  rule.MatchMasked(0, address(0xffff << (16 - bits)), address(prefix), inverted);
}

void MatchLocal(NftRule& rule, bool of_interface, bool inverted = false) {
  const uint32_t local = RTN_LOCAL;
  rule.LoadAddressType(0, of_interface);
  rule.MatchEqual(0, {reinterpret_cast<const char*>(&local), sizeof(local)}, inverted);
}

void AcceptMarked(NftRule& rule) {
  rule.SetMark(kAcceptedMark);
  rule.Accept();
}

void AddDestinationRules(sys::NftTransaction& change, const std::string& chain) {
  change.AddRule(chain, [](NftRule& rule) {
    sys::Ipv6 loopback;
    loopback.bytes[15] = 1;
    MatchFamily(rule, kIpv6);
    rule.LoadPayload(NFT_PAYLOAD_NETWORK_HEADER, kIpv6.destination, 16, 0);
    rule.MatchEqual(0, Bytes(loopback));
    rule.Accept();
  });
  change.AddRule(chain, [](NftRule& rule) {
    MatchPrefix6(rule, kIpv6.source, 0xfe80, 10);  // link-local
    rule.Accept();
  });
  for (const Family& family : {kIpv4, kIpv6}) {
    change.AddRule(chain, [&](NftRule& rule) {
      MatchFamily(rule, family);
      rule.LoadPayload(NFT_PAYLOAD_NETWORK_HEADER, family.destination, family.words * 4, 0);
      rule.LoadMeta(NFT_META_L4PROTO, family.words);
      rule.LoadPayload(NFT_PAYLOAD_TRANSPORT_HEADER, kPortOffset, 2, family.words + 1);
      rule.Map(family.ports, 0, 0);
      rule.Dnat(family.number, 0, family.words);
    });
    change.AddRule(chain, [&](NftRule& rule) {
      MatchFamily(rule, family);
      MatchLocal(rule, /*of_interface=*/false);
      rule.LoadMeta(NFT_META_L4PROTO, 0);
      rule.LoadPayload(NFT_PAYLOAD_TRANSPORT_HEADER, kPortOffset, 2, 1);
      rule.Map(family.ports_any, 0, 0);
      rule.Dnat(family.number, 0, family.words);
    });
  }
}

void AddGuardRules(sys::NftTransaction& change) {
  for (uint32_t offset : {kIpv4.source, kIpv4.destination}) {
    change.AddRule("guard", [offset](NftRule& rule) {
      MatchLoopback(rule, offset);  // first: nearly every packet ends here
      MatchFrom(rule, kBridges);
      rule.Drop();
    });
  }
  // Here and not in the chain forward, so that the sender hears of it also on a host that does not
  // forward IPv6 at all.
  change.AddRule("guard", [](NftRule& rule) {
    constexpr uint16_t kUniqueLocal = 0xfc00, kMulticast = 0xff00, kLinkLocal = 0xfe80;
    MatchPrefix6(rule, kIpv6.source, kUniqueLocal, 7);
    MatchPrefix6(rule, kIpv6.destination, kUniqueLocal, 7, /*inverted=*/true);
    MatchPrefix6(rule, kIpv6.destination, kMulticast, 8, /*inverted=*/true);
    MatchPrefix6(rule, kIpv6.destination, kLinkLocal, 10, /*inverted=*/true);
    MatchFrom(rule, kBridges);
    MatchFrom(rule, kNat66, /*inverted=*/true);
    MatchState(rule, NFT_CT_STATE, kNew);
    MatchLocal(rule, /*of_interface=*/false, /*inverted=*/true);
    rule.RejectNoRoute();
  });
}

void AddSourceRules(sys::NftTransaction& change) {
  for (const auto& [family, from] : {std::pair(kIpv4, kBridges), std::pair(kIpv6, kNat66)}) {
    change.AddRule("postrouting", [&family = family, from = from](NftRule& rule) {
      MatchFamily(rule, family);
      MatchFrom(rule, from);
      MatchTo(rule, kBridges, /*inverted=*/true);
      rule.Masquerade();
    });
  }
  change.AddRule("postrouting", [](NftRule& rule) {
    MatchLoopback(rule, kIpv4.source);
    MatchTo(rule, kBridges);
    rule.Masquerade();
  });
  change.AddRule("postrouting", [](NftRule& rule) {
    rule.LoadMeta(NFT_META_MARK, 0);
    rule.MatchAnyBit(0, kHairpinMark);
    rule.Masquerade();
  });
}

void AddForwardRules(sys::NftTransaction& change) {
  change.AddRule("forward", [](NftRule& rule) {  // none of ours
    MatchFrom(rule, kBridges, /*inverted=*/true);
    MatchTo(rule, kBridges, /*inverted=*/true);
    rule.Accept();
  });
  // Of a connection only the first packet is judged by the rest.
  change.AddRule("forward", [](NftRule& rule) {
    MatchState(rule, NFT_CT_STATE, kEstablishedOrRelated);
    AcceptMarked(rule);
  });
  change.AddRule("forward", [](NftRule& rule) {
    MatchSameBridge(rule);
    MatchState(rule, NFT_CT_STATUS, IPS_DST_NAT);
    rule.SetMark(kHairpinMark);
  });
  change.AddRule("forward", [](NftRule& rule) {
    MatchSameBridge(rule);
    AcceptMarked(rule);
  });
  change.AddRule("forward", [](NftRule& rule) {
    MatchFrom(rule, kInternal);
    rule.Drop();
  });
  change.AddRule("forward", [](NftRule& rule) {
    MatchTo(rule, kInternal);
    rule.Drop();
  });
  change.AddRule("forward", [](NftRule& rule) {
    MatchTo(rule, kBridges, /*inverted=*/true);
    AcceptMarked(rule);
  });
  change.AddRule("forward", [](NftRule& rule) {
    MatchState(rule, NFT_CT_STATUS, IPS_DST_NAT);
    AcceptMarked(rule);
  });
  change.AddRule("forward", [](NftRule& rule) { rule.Drop(); });
}

void AddInputRules(sys::NftTransaction& change) {
  change.AddRule("input", [](NftRule& rule) {
    MatchFrom(rule, kBridges, /*inverted=*/true);
    rule.Accept();
  });
  change.AddRule("input", [](NftRule& rule) {
    MatchState(rule, NFT_CT_STATE, kEstablishedOrRelated);
    AcceptMarked(rule);
  });
  for (Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    change.AddRule("input", [&](NftRule& rule) {
      rule.LoadMeta(NFT_META_L4PROTO, 0);
      rule.MatchEqual(0, ProtocolWord(protocol).substr(0, 1));
      rule.LoadPayload(NFT_PAYLOAD_TRANSPORT_HEADER, kPortOffset, 2, 0);
      rule.MatchEqual(0, PortWord(kDnsPort).substr(0, 2));
      MatchLocal(rule, /*of_interface=*/true);
      AcceptMarked(rule);
    });
  }
  for (uint8_t type : {ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_ADVERT}) {
    change.AddRule("input", [&](NftRule& rule) {
      MatchFamily(rule, kIpv6);
      rule.LoadMeta(NFT_META_L4PROTO, 0);
      rule.MatchEqual(0, std::string(1, static_cast<char>(IPPROTO_ICMPV6)));
      rule.LoadPayload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0);
      rule.MatchEqual(0, std::string(1, static_cast<char>(type)));
      AcceptMarked(rule);
    });
  }
  change.AddRule("input", [](NftRule& rule) {
    MatchFrom(rule, kInternal);
    rule.Drop();
  });
}

}  // namespace

std::string InterfaceKey(absl::string_view name) {
  std::string key(name);
  key.resize(kNameWords * 4, '\0');
  return key;
}

void AddRuleset(sys::NftTransaction& change, absl::string_view comment) {
  change.AddTable(comment);
  for (const char* set : {kBridges, kInternal, kNat66, kForwarding6Set}) {
    change.AddSet({set, {NftType::kInterface}, {}});
  }
  change.AddSet({kSame, {NftType::kInterface, NftType::kInterface}, {}});
  for (const Family& family : {kIpv4, kIpv6}) {
    const std::vector<NftType> target = {family.address, NftType::kPort};
    change.AddSet({family.ports, {family.address, NftType::kProtocol, NftType::kPort}, target});
    change.AddSet({family.ports_any, {NftType::kProtocol, NftType::kPort}, target});
  }

  change.AddChain({"guard", "filter", NF_INET_PRE_ROUTING, kPriorityMangle});
  change.AddChain({"prerouting", "nat", NF_INET_PRE_ROUTING, kPriorityDnat});
  change.AddChain({"output", "nat", NF_INET_LOCAL_OUT, kPriorityDnat});
  change.AddChain({"postrouting", "nat", NF_INET_POST_ROUTING, kPrioritySnat});
  change.AddChain({"forward", "filter", NF_INET_FORWARD, kPriorityMangle});
  change.AddChain({"input", "filter", NF_INET_LOCAL_IN, kPriorityMangle});

  AddGuardRules(change);
  // Ports of 127.0.0.1 are for the host alone, whatever route_localnet other interfaces have.
  change.AddRule("prerouting", [](NftRule& rule) {
    MatchLoopback(rule, kIpv4.destination);
    rule.Accept();
  });
  AddDestinationRules(change, "prerouting");
  AddDestinationRules(change, "output");
  AddSourceRules(change);
  AddForwardRules(change);
  AddInputRules(change);
}

void AddElements(sys::NftTransaction& change, const Rules& rules) {
  for (const Element& element : ElementsOf(rules)) {
    change.AddElement(element.set, element.key, element.data, element.owner);
  }
}

void DeleteElements(sys::NftTransaction& change, const Rules& rules) {
  for (const Element& element : ElementsOf(rules)) {
    // What is not there could not be deleted.
    change.AddElement(element.set, element.key, element.data, element.owner);
    change.DeleteElement(element.set, element.key);
  }
}

}  // namespace pelagos::net
