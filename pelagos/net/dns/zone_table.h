// All networks at once, as pelagos-dns answers from them. Changed file by file, and found by hash:
// neither a change nor an answer depends on how many containers there are.
//
// IPv4 addresses stand in it as IPv6 ones (mapped.h). Names are compared without regard to case.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "pelagos/net/dns/mapped.h"
#include "pelagos/net/dns/zone.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

struct AddressHash {
  size_t operator()(const sys::Ipv6& address) const {
    return absl::Hash<std::array<uint8_t, 16>>()(address.bytes);
  }
};

class ZoneTable {
 public:
  struct Network;
  struct Member {
    const Network* network;
    const ZoneHost* host;
  };
  // The networks of somebody who asks: that of the gateway, and the others of the same owner.
  struct Scope {
    const Network* gateway = nullptr;
    const ZoneHost* asker = nullptr;               // null: an address of nobody that we know
    const std::vector<Member>* members = nullptr;  // of the asker's owner; null with `asker`
  };
  using Hosts = std::vector<const ZoneHost*>;
  template <typename Value>
  using ByAddress = absl::flat_hash_map<sys::Ipv6, Value, AddressHash>;

  struct Network {
    std::string name;
    std::optional<ZoneHead> head;  // without it nobody may ask
    std::string domain;            // ".shop-net", lower case; empty: none
    sys::Subnet subnet;            // those of the head
    std::optional<sys::Subnet6> subnet6;
    std::map<std::string, std::unique_ptr<ZoneHost>, std::less<>> hosts;  // by owner
    absl::flat_hash_map<std::string, Hosts> by_name;                      // lower case
    ByAddress<const ZoneHost*> by_address;

    bool contains(const sys::Ipv6& address) const;
  };

  ZoneTable() = default;
  ZoneTable(ZoneTable&&) = default;
  ZoneTable& operator=(ZoneTable&&) = default;

  void SetHead(const std::string& network, const ZoneHead& head);
  void EraseHead(const std::string& network);
  void SetHost(const std::string& network, const ZoneHost& host);  // replaces the owner's
  void EraseHost(const std::string& network, absl::string_view owner);
  void EraseNetwork(const std::string& network);

  // By name. What is in it is good until the next change.
  const std::map<std::string, std::unique_ptr<Network>>& networks() const { return networks_; }

  // Nothing if `asker` may not ask at that gateway: it is not of the gateway's subnet.
  std::optional<Scope> ScopeOf(const sys::Ipv6& gateway, const sys::Ipv6& asker) const;
  // The hosts of a name (lower case), appended to `hosts`: the gateway's network first. A name may
  // end with ".DOMAIN" of a network, and means that one only.
  static void Find(const Scope& scope, absl::string_view name, Hosts& hosts);
  // The host that has the address; null if there is none.
  static const ZoneHost* FindAddress(const Scope& scope, const sys::Ipv6& address);
  // True if the address belongs to one of the asker's networks, whether somebody has it or not.
  static bool Covers(const Scope& scope, const sys::Ipv6& address);
  // True if `name` ends with ".DOMAIN" of one of the asker's networks.
  static bool InDomain(const Scope& scope, absl::string_view name);
  // True if one of the networks is listened on there.
  bool IsGateway(const sys::Ipv6& address) const { return by_gateway_.contains(address); }
  // True if all of the asker's networks are internal.
  static bool Internal(const Scope& scope);

 private:
  Network& Get(const std::string& network);
  void ForgetGateways(const Network& network);
  // Takes a host out of the indexes.
  void Unlink(Network& network, const ZoneHost& host);

  std::map<std::string, std::unique_ptr<Network>> networks_;
  ByAddress<Network*> by_gateway_;
  absl::flat_hash_map<std::string, std::vector<Member>> by_owner_;
};

}  // namespace pelagos::net
