// What nftables holds: tables, chains at hooks, rules, elements. For finding again what is ours,
// and for seeing what other firewalls would do with our packets; rules are not understood beyond
// that.
//
// Source: include/uapi/linux/netfilter/nf_tables.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/sys/net/netlink.h"

namespace pelagos::sys {

struct NftTable {
  std::string name;
  std::string comment;
};

// All tables of the family in the socket's network namespace.
absl::StatusOr<std::vector<NftTable>> ListNftTables(NetlinkSocket& socket, uint8_t family);

// A chain of type filter at a hook.
struct NftFilterChain {
  uint8_t family = 0;  // NFPROTO_
  std::string table;
  std::string name;
  uint32_t hook = 0;  // NF_INET_FORWARD...
  int32_t priority = 0;
  bool drops = false;  // its policy is drop
};

// Those of the families ip, ip6 and inet.
absl::StatusOr<std::vector<NftFilterChain>> ListNftFilterChains(NetlinkSocket& socket);

struct NftListedRule {
  uint64_t handle = 0;
  std::string comment;
  bool stops = false;  // drops or rejects every packet that comes to it
};

// The rules of one chain in their order. None if there is no such chain.
absl::StatusOr<std::vector<NftListedRule>> ListNftRules(NetlinkSocket& socket, uint8_t family,
                                                        const std::string& table,
                                                        const std::string& chain);

struct NftElement {
  std::string key;  // bytes
  std::string comment;
};

// The elements of one set. None if there is no such set.
absl::StatusOr<std::vector<NftElement>> ListNftElements(NetlinkSocket& socket, uint8_t family,
                                                        const std::string& table,
                                                        const std::string& set);

}  // namespace pelagos::sys
