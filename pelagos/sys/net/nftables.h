// Changes of one nftables table, all in one transaction: the kernel takes all of them or none.
//
//   NftTransaction change(NFPROTO_INET, "pelagos");
//   change.AddElement("ports", key, data, "web");
//   PELAGOS_RETURN_IF_ERROR(change.Commit(socket));   // a socket of NETLINK_NETFILTER
//
// Source: include/uapi/linux/netfilter/nf_tables.h and nfnetlink.h; `nft --debug=netlink` prints
// the same expressions. The static programs cannot use libnftnl (it needs libmnl, of which Debian
// has no static archive), so the few messages that we need are written here; they read well in `nft
// list ruleset`. Adding what exists already with the same content is no error in nftables (tables,
// chains, sets, elements; not rules, which are added once more).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/netlink_message.h"

namespace pelagos::sys {

// Types of keys and data as the nft program numbers them; the kernel keeps them for nft's sake and
// only looks at lengths. A concatenation holds 6 bits a field.
enum class NftType : uint32_t {
  kIpv4 = 7,
  kIpv6 = 8,
  kProtocol = 12,
  kPort = 13,
  kInterface = 41,
};

// One set, or a map if `data` is not empty. Each field takes a multiple of 4 bytes.
struct NftSet {
  std::string name;
  std::vector<NftType> key;
  std::vector<NftType> data;
};

// A chain at a hook. `type` is "filter" or "nat"; the policy is accept.
struct NftChain {
  std::string name;
  std::string type;
  uint32_t hook = 0;  // NF_INET_PRE_ROUTING...
  int32_t priority = 0;
};

// Where values are loaded to: the 32-bit words of the register file, 0 to 15. A key of several
// fields lies in words that follow each other.
using NftWord = uint32_t;

// The expressions of one rule, in the order in which they are called: the first that does not
// match ends the rule.
class NftRule {
 public:
  explicit NftRule(MessageBatch& batch) : batch_(batch) {}

  void LoadMeta(uint32_t key, NftWord to);       // NFT_META_IIFNAME (4 words), NFT_META_L4PROTO...
  void LoadConntrack(uint32_t key, NftWord to);  // NFT_CT_STATE, NFT_CT_STATUS
  // `base` is NFT_PAYLOAD_NETWORK_HEADER or _TRANSPORT_HEADER.
  void LoadPayload(uint32_t base, uint32_t offset, uint32_t size, NftWord to);
  // fib daddr type, an RTN_ number. With `of_interface`, RTN_LOCAL are only the addresses of the
  // interface through which the packet came.
  void LoadAddressType(NftWord to, bool of_interface = false);
  // Matches if the value is (is not, with `inverted`) an element.
  void MatchSet(const std::string& set, NftWord from, bool inverted = false);
  // Matches if the key is in the map, and loads what it leads to.
  void Map(const std::string& map, NftWord from, NftWord to);
  void MatchEqual(NftWord from, absl::string_view value, bool inverted = false);
  // Matches if the value under the mask is (is not) `value`; all of one size. Uses the words up.
  void MatchMasked(NftWord from, absl::string_view mask, absl::string_view value,
                   bool inverted = false);
  void MatchAnyBit(NftWord from, uint32_t bits);  // uses the word up
  // The packet's mark: has all of the bits; gets the bits. Both use word 0.
  void MatchMark(uint32_t bits);
  void SetMark(uint32_t bits);
  // Rewrites the destination of packets of the family (NFPROTO_IPV4 or NFPROTO_IPV6) to the address
  // and the port.
  void Dnat(uint8_t family, NftWord address, NftWord port);
  void Masquerade();
  void Accept();
  void Drop();
  void RejectNoRoute();  // drops, and tells the sender so by ICMP

 private:
  template <typename Fill>
  void Expression(const char* name, Fill fill);
  void Verdict(uint32_t verdict);

  MessageBatch& batch_;
};

class NftTransaction {
 public:
  // `family` is NFPROTO_IPV4 and so on.
  NftTransaction(uint8_t family, std::string table);

  void AddTable(absl::string_view comment);
  void DeleteTable();
  void AddSet(const NftSet& set);
  void AddChain(const NftChain& chain);
  // At the end of the chain.
  template <typename Fill>
  void AddRule(const std::string& chain, Fill fill) {
    BeginRule(chain, /*at_head=*/false);
    FillRule(fill);
  }
  // At the head of the chain, with a comment under which it is found again (ListNftRules).
  template <typename Fill>
  void InsertRule(const std::string& chain, absl::string_view comment, Fill fill) {
    BeginRule(chain, /*at_head=*/true);
    FillRule(fill);
    RuleComment(comment);
  }
  void DeleteRule(const std::string& chain, uint64_t handle);
  // `data` is empty for sets. The comment names the owner. An element of a map that exists with
  // other data is an error (EBUSY).
  void AddElement(const std::string& set, absl::string_view key, absl::string_view data,
                  absl::string_view comment);
  // NotFound (ENOENT) if there is none; AddElement before it in the same transaction makes it safe.
  void DeleteElement(const std::string& set, absl::string_view key);

  // Sends it. Afterwards the transaction is used up. The error is that of the first change that
  // the kernel refused; nothing was changed then.
  absl::Status Commit(NetlinkSocket& socket);

  // The bytes that Commit sends, for tests.
  const MessageBatch& Finish();

 private:
  static constexpr uint16_t kRuleExpressions = 4;  // NFTA_RULE_EXPRESSIONS

  void Begin(uint16_t message, uint16_t flags, std::string label);
  void BeginRule(const std::string& chain, bool at_head);
  template <typename Fill>
  void FillRule(Fill fill) {
    batch_.Nest(kRuleExpressions, [&] {
      NftRule rule(batch_);
      fill(rule);
    });
  }
  void RuleComment(absl::string_view comment);
  void Elements(const std::string& set, absl::string_view key, absl::string_view data,
                absl::string_view comment);

  uint8_t family_;
  std::string table_;
  MessageBatch batch_;
  uint32_t sets_ = 0;
  bool finished_ = false;
};

}  // namespace pelagos::sys
