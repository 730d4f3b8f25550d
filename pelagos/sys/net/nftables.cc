#include "pelagos/sys/net/nftables.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::sys {
namespace {

// nft keeps comments as type, length, text with NUL. Type 0 is the comment in tables and elements.
std::string CommentData(absl::string_view comment) {
  constexpr size_t kLongest = 127;  // nft's own limit
  const std::string text(comment.substr(0, kLongest));
  std::string data = {'\0', static_cast<char>(text.size() + 1)};
  return data + text + '\0';
}

uint32_t SizeOf(NftType type) {
  return type == NftType::kInterface || type == NftType::kIpv6 ? 16 : 4;
}

uint32_t SizeOf(const std::vector<NftType>& fields) {
  uint32_t size = 0;
  for (NftType type : fields) size += SizeOf(type);
  return size;
}

uint32_t NumberOf(const std::vector<NftType>& fields) {
  uint32_t number = 0;
  for (NftType type : fields) number = (number << 6) | static_cast<uint32_t>(type);
  return number;
}

nfgenmsg Header(uint8_t family, uint16_t resource = 0) {
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  header.res_id = htons(resource);
  return header;
}

constexpr uint16_t TypeOf(uint16_t message) {
  return static_cast<uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message);
}

constexpr uint32_t Register(NftWord word) { return NFT_REG32_00 + word; }

}  // namespace

template <typename Fill>
void NftRule::Expression(const char* name, Fill fill) {
  batch_.Nest(NFTA_LIST_ELEM, [&] {
    batch_.PutString(NFTA_EXPR_NAME, name);
    batch_.Nest(NFTA_EXPR_DATA, fill);
  });
}

void NftRule::LoadMeta(uint32_t key, NftWord to) {
  Expression("meta", [&] {
    batch_.PutBe32(NFTA_META_KEY, key);
    batch_.PutBe32(NFTA_META_DREG, Register(to));
  });
}

void NftRule::LoadConntrack(uint32_t key, NftWord to) {
  Expression("ct", [&] {
    batch_.PutBe32(NFTA_CT_KEY, key);
    batch_.PutBe32(NFTA_CT_DREG, Register(to));
  });
}

void NftRule::LoadPayload(uint32_t base, uint32_t offset, uint32_t size, NftWord to) {
  Expression("payload", [&] {
    batch_.PutBe32(NFTA_PAYLOAD_DREG, Register(to));
    batch_.PutBe32(NFTA_PAYLOAD_BASE, base);
    batch_.PutBe32(NFTA_PAYLOAD_OFFSET, offset);
    batch_.PutBe32(NFTA_PAYLOAD_LEN, size);
  });
}

void NftRule::LoadAddressType(NftWord to, bool of_interface) {
  Expression("fib", [&] {
    uint32_t flags = NFTA_FIB_F_DADDR;
    if (of_interface) flags |= NFTA_FIB_F_IIF;
    batch_.PutBe32(NFTA_FIB_FLAGS, flags);
    batch_.PutBe32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
    batch_.PutBe32(NFTA_FIB_DREG, Register(to));
  });
}

void NftRule::MatchSet(const std::string& set, NftWord from, bool inverted) {
  Expression("lookup", [&] {
    batch_.PutString(NFTA_LOOKUP_SET, set);
    batch_.PutBe32(NFTA_LOOKUP_SREG, Register(from));
    batch_.PutBe32(NFTA_LOOKUP_FLAGS, inverted ? NFT_LOOKUP_F_INV : 0);
  });
}

void NftRule::Map(const std::string& map, NftWord from, NftWord to) {
  Expression("lookup", [&] {
    batch_.PutString(NFTA_LOOKUP_SET, map);
    batch_.PutBe32(NFTA_LOOKUP_SREG, Register(from));
    batch_.PutBe32(NFTA_LOOKUP_DREG, Register(to));
  });
}

void NftRule::MatchEqual(NftWord from, absl::string_view value, bool inverted) {
  Expression("cmp", [&] {
    batch_.PutBe32(NFTA_CMP_SREG, Register(from));
    batch_.PutBe32(NFTA_CMP_OP, inverted ? NFT_CMP_NEQ : NFT_CMP_EQ);
    batch_.Nest(NFTA_CMP_DATA, [&] { batch_.Put(NFTA_DATA_VALUE, value); });
  });
}

void NftRule::MatchMasked(NftWord from, absl::string_view mask, absl::string_view value,
                          bool inverted) {
  Expression("bitwise", [&] {
    batch_.PutBe32(NFTA_BITWISE_SREG, Register(from));
    batch_.PutBe32(NFTA_BITWISE_DREG, Register(from));
    batch_.PutBe32(NFTA_BITWISE_LEN, static_cast<uint32_t>(mask.size()));
    batch_.Nest(NFTA_BITWISE_MASK, [&] { batch_.Put(NFTA_DATA_VALUE, mask); });
    const std::string zero(mask.size(), '\0');
    batch_.Nest(NFTA_BITWISE_XOR, [&] { batch_.Put(NFTA_DATA_VALUE, zero); });
  });
  MatchEqual(from, value, inverted);
}

void NftRule::MatchAnyBit(NftWord from, uint32_t bits) {
  const uint32_t none = 0;
  MatchMasked(from, {reinterpret_cast<const char*>(&bits), sizeof(bits)},
              {reinterpret_cast<const char*>(&none), sizeof(none)}, /*inverted=*/true);
}

void NftRule::MatchMark(uint32_t bits) {
  const absl::string_view value(reinterpret_cast<const char*>(&bits), sizeof(bits));
  LoadMeta(NFT_META_MARK, 0);
  MatchMasked(0, value, value);
}

void NftRule::SetMark(uint32_t bits) {
  LoadMeta(NFT_META_MARK, 0);
  Expression("bitwise", [&] {  // (mark & ~bits) ^ bits
    batch_.PutBe32(NFTA_BITWISE_SREG, Register(0));
    batch_.PutBe32(NFTA_BITWISE_DREG, Register(0));
    batch_.PutBe32(NFTA_BITWISE_LEN, sizeof(bits));
    batch_.Nest(NFTA_BITWISE_MASK, [&] { batch_.PutU32(NFTA_DATA_VALUE, ~bits); });
    batch_.Nest(NFTA_BITWISE_XOR, [&] { batch_.PutU32(NFTA_DATA_VALUE, bits); });
  });
  Expression("meta", [&] {
    batch_.PutBe32(NFTA_META_KEY, NFT_META_MARK);
    batch_.PutBe32(NFTA_META_SREG, Register(0));
  });
}

void NftRule::Dnat(uint8_t family, NftWord address, NftWord port) {
  Expression("nat", [&] {
    batch_.PutBe32(NFTA_NAT_TYPE, NFT_NAT_DNAT);
    batch_.PutBe32(NFTA_NAT_FAMILY, family);
    batch_.PutBe32(NFTA_NAT_REG_ADDR_MIN, Register(address));
    batch_.PutBe32(NFTA_NAT_REG_PROTO_MIN, Register(port));
  });
}

void NftRule::Masquerade() {
  Expression("masq", [] {});
}

void NftRule::Verdict(uint32_t verdict) {
  Expression("immediate", [&] {
    batch_.PutBe32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    batch_.Nest(NFTA_IMMEDIATE_DATA, [&] {
      batch_.Nest(NFTA_DATA_VERDICT, [&] { batch_.PutBe32(NFTA_VERDICT_CODE, verdict); });
    });
  });
}

void NftRule::Accept() { Verdict(NF_ACCEPT); }
void NftRule::Drop() { Verdict(NF_DROP); }

void NftRule::RejectNoRoute() {
  Expression("reject", [&] {
    batch_.PutBe32(NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
    batch_.PutU8(NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_NO_ROUTE);
  });
}

NftTransaction::NftTransaction(uint8_t family, std::string table)
    : family_(family), table_(std::move(table)) {
  batch_.Begin(NFNL_MSG_BATCH_BEGIN, 0, Header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES),
               "starting a transaction of nftables");
}

void NftTransaction::Begin(uint16_t message, uint16_t flags, std::string label) {
  batch_.Begin(TypeOf(message), flags, Header(family_),
               absl::StrCat("nftables table '", table_, "': ", label));
}

void NftTransaction::AddTable(absl::string_view comment) {
  Begin(NFT_MSG_NEWTABLE, NLM_F_CREATE, "adding the table");
  batch_.PutString(NFTA_TABLE_NAME, table_);
  batch_.PutBe32(NFTA_TABLE_FLAGS, 0);
  if (!comment.empty()) batch_.Put(NFTA_TABLE_USERDATA, CommentData(comment));
}

void NftTransaction::DeleteTable() {
  Begin(NFT_MSG_DELTABLE, 0, "deleting the table");
  batch_.PutString(NFTA_TABLE_NAME, table_);
}

void NftTransaction::AddSet(const NftSet& set) {
  Begin(NFT_MSG_NEWSET, NLM_F_CREATE, absl::StrCat("adding set '", set.name, "'"));
  batch_.PutString(NFTA_SET_TABLE, table_);
  batch_.PutString(NFTA_SET_NAME, set.name);
  batch_.PutBe32(NFTA_SET_ID, ++sets_);
  batch_.PutBe32(NFTA_SET_FLAGS, set.data.empty() ? 0 : NFT_SET_MAP);
  batch_.PutBe32(NFTA_SET_KEY_TYPE, NumberOf(set.key));
  batch_.PutBe32(NFTA_SET_KEY_LEN, SizeOf(set.key));
  // nft reads names in the host's byte order, and asks this of a set of them (NFTNL_UDATA_SET_
  // KEYBYTEORDER of libnftnl); otherwise it shows them turned around, as nothing.
  constexpr char kHostByteOrder[] = {0, 4, 1, 0, 0, 0};
  if (set.key == std::vector<NftType>{NftType::kInterface}) {
    batch_.Put(NFTA_SET_USERDATA, {kHostByteOrder, sizeof(kHostByteOrder)});
  }
  if (set.data.empty()) return;
  batch_.PutBe32(NFTA_SET_DATA_TYPE, NumberOf(set.data));
  batch_.PutBe32(NFTA_SET_DATA_LEN, SizeOf(set.data));
}

void NftTransaction::AddChain(const NftChain& chain) {
  Begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE, absl::StrCat("adding chain '", chain.name, "'"));
  batch_.PutString(NFTA_CHAIN_TABLE, table_);
  batch_.PutString(NFTA_CHAIN_NAME, chain.name);
  batch_.Nest(NFTA_CHAIN_HOOK, [&] {
    batch_.PutBe32(NFTA_HOOK_HOOKNUM, chain.hook);
    batch_.PutBe32(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(chain.priority));
  });
  batch_.PutBe32(NFTA_CHAIN_POLICY, NF_ACCEPT);
  batch_.PutString(NFTA_CHAIN_TYPE, chain.type);
}

void NftTransaction::BeginRule(const std::string& chain, bool at_head) {
  static_assert(kRuleExpressions == NFTA_RULE_EXPRESSIONS);
  Begin(NFT_MSG_NEWRULE, static_cast<uint16_t>(NLM_F_CREATE | (at_head ? 0 : NLM_F_APPEND)),
        absl::StrCat("adding a rule to chain '", chain, "'"));
  batch_.PutString(NFTA_RULE_TABLE, table_);
  batch_.PutString(NFTA_RULE_CHAIN, chain);
}

void NftTransaction::RuleComment(absl::string_view comment) {
  batch_.Put(NFTA_RULE_USERDATA, CommentData(comment));
}

void NftTransaction::DeleteRule(const std::string& chain, uint64_t handle) {
  Begin(NFT_MSG_DELRULE, 0, absl::StrCat("deleting a rule of chain '", chain, "'"));
  batch_.PutString(NFTA_RULE_TABLE, table_);
  batch_.PutString(NFTA_RULE_CHAIN, chain);
  batch_.PutRaw(NFTA_RULE_HANDLE, ::htobe64(handle));
}

void NftTransaction::Elements(const std::string& set, absl::string_view key, absl::string_view data,
                              absl::string_view comment) {
  batch_.PutString(NFTA_SET_ELEM_LIST_TABLE, table_);
  batch_.PutString(NFTA_SET_ELEM_LIST_SET, set);
  batch_.Nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
    batch_.Nest(NFTA_LIST_ELEM, [&] {
      batch_.Nest(NFTA_SET_ELEM_KEY, [&] { batch_.Put(NFTA_DATA_VALUE, key); });
      if (!data.empty()) {
        batch_.Nest(NFTA_SET_ELEM_DATA, [&] { batch_.Put(NFTA_DATA_VALUE, data); });
      }
      if (!comment.empty()) batch_.Put(NFTA_SET_ELEM_USERDATA, CommentData(comment));
    });
  });
}

void NftTransaction::AddElement(const std::string& set, absl::string_view key,
                                absl::string_view data, absl::string_view comment) {
  Begin(NFT_MSG_NEWSETELEM, NLM_F_CREATE,
        absl::StrCat("adding an element of '", comment, "' to '", set, "'"));
  Elements(set, key, data, comment);
}

void NftTransaction::DeleteElement(const std::string& set, absl::string_view key) {
  Begin(NFT_MSG_DELSETELEM, 0, absl::StrCat("deleting an element of '", set, "'"));
  Elements(set, key, "", "");
}

const MessageBatch& NftTransaction::Finish() {
  if (!finished_) {
    // The acknowledgement of the last change comes after the commit.
    batch_.Acknowledge();
    batch_.Begin(NFNL_MSG_BATCH_END, 0, Header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES),
                 "ending a transaction of nftables");
    finished_ = true;
  }
  return batch_;
}

absl::Status NftTransaction::Commit(NetlinkSocket& socket) {
  if (batch_.labels().size() < 2) return absl::OkStatus();  // nothing but the beginning
  return socket.Execute(Finish());
}

}  // namespace pelagos::sys
