#include "pelagos/sys/net/nftables_list.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <cerrno>
#include <utility>

#include "absl/strings/string_view.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/net/netlink_message.h"

namespace pelagos::sys {
namespace {

// See CommentData in nftables.cc.
std::string ParseComment(absl::string_view data) {
  while (data.size() >= 2) {
    const size_t size = static_cast<unsigned char>(data[1]);
    if (data.size() < 2 + size) break;
    if (data[0] == '\0') {
      const absl::string_view text = data.substr(2, size);
      return std::string(text.substr(0, text.find('\0')));
    }
    data.remove_prefix(2 + size);
  }
  return "";
}

// Asks for all objects of a kind; `fill` puts attributes that choose among them. The answers begin
// with their family.
template <typename Fill>
absl::StatusOr<std::vector<NetlinkReply>> Dump(NetlinkSocket& socket, uint16_t message,
                                               uint8_t family, const char* label, Fill fill) {
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  MessageBatch batch;
  batch.Begin(static_cast<uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message), NLM_F_DUMP, header,
              label);
  fill(batch);
  absl::StatusOr<std::vector<NetlinkReply>> replies = socket.Ask(batch);
  if (!replies.ok() && FindErrno(replies.status()) == ENOENT) return std::vector<NetlinkReply>();
  if (!replies.ok()) return replies.status();
  std::vector<NetlinkReply> whole;
  for (NetlinkReply& reply : *replies) {
    if (reply.payload.size() >= sizeof(nfgenmsg)) whole.push_back(std::move(reply));
  }
  return whole;
}

absl::string_view Attributes(const NetlinkReply& reply) {
  return absl::string_view(reply.payload).substr(sizeof(nfgenmsg));
}

uint32_t Number(const AttributeReader::Attribute& attribute) {
  return ntohl(attribute.As<uint32_t>());
}

// The text of an attribute, empty if it is missing.
std::string TextOf(absl::string_view bytes, uint16_t type) {
  const auto attribute = AttributeReader::Find(bytes, type);
  return attribute ? attribute->AsString() : "";
}

bool IsDrop(absl::string_view immediate) {
  const auto data = AttributeReader::Find(immediate, NFTA_IMMEDIATE_DATA);
  const auto verdict = data ? AttributeReader::Find(data->value, NFTA_DATA_VERDICT) : std::nullopt;
  const auto code =
      verdict ? AttributeReader::Find(verdict->value, NFTA_VERDICT_CODE) : std::nullopt;
  return code && Number(*code) == NF_DROP;
}

// Nothing in front of the verdict but what counts or logs.
bool Stops(absl::string_view expressions) {
  AttributeReader reader(expressions);
  while (const auto element = reader.Next()) {
    const std::string name = TextOf(element->value, NFTA_EXPR_NAME);
    if (name == "counter" || name == "log") continue;
    if (name == "reject") return true;
    const auto data = AttributeReader::Find(element->value, NFTA_EXPR_DATA);
    if (!data) return false;
    if (name == "immediate") return IsDrop(data->value);
    // iptables-nft has its own way to reject.
    return name == "target" && TextOf(data->value, NFTA_TARGET_NAME) == "REJECT";
  }
  return false;
}

}  // namespace

absl::StatusOr<std::vector<NftTable>> ListNftTables(NetlinkSocket& socket, uint8_t family) {
  PELAGOS_ASSIGN_OR_RETURN(
      std::vector<NetlinkReply> replies,
      Dump(socket, NFT_MSG_GETTABLE, family, "listing nftables tables", [](MessageBatch&) {}));
  std::vector<NftTable> tables;
  for (const NetlinkReply& reply : replies) {
    NftTable table;
    AttributeReader reader(Attributes(reply));
    while (auto attribute = reader.Next()) {
      if (attribute->type == NFTA_TABLE_NAME) table.name = attribute->AsString();
      if (attribute->type == NFTA_TABLE_USERDATA) table.comment = ParseComment(attribute->value);
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

absl::StatusOr<std::vector<NftFilterChain>> ListNftFilterChains(NetlinkSocket& socket) {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetlinkReply> replies,
                           Dump(socket, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, "listing nftables chains",
                                [](MessageBatch&) {}));
  std::vector<NftFilterChain> chains;
  for (const NetlinkReply& reply : replies) {
    NftFilterChain chain;
    chain.family = static_cast<uint8_t>(reply.payload[0]);
    if (chain.family != NFPROTO_IPV4 && chain.family != NFPROTO_IPV6 &&
        chain.family != NFPROTO_INET) {
      continue;
    }
    bool at_hook = false;
    AttributeReader reader(Attributes(reply));
    while (const auto attribute = reader.Next()) {
      if (attribute->type == NFTA_CHAIN_TABLE) chain.table = attribute->AsString();
      if (attribute->type == NFTA_CHAIN_NAME) chain.name = attribute->AsString();
      if (attribute->type == NFTA_CHAIN_POLICY) chain.drops = Number(*attribute) == NF_DROP;
      if (attribute->type == NFTA_CHAIN_TYPE) at_hook = attribute->AsString() == "filter";
      if (attribute->type != NFTA_CHAIN_HOOK) continue;
      AttributeReader hook(attribute->value);
      while (const auto part = hook.Next()) {
        if (part->type == NFTA_HOOK_HOOKNUM) chain.hook = Number(*part);
        if (part->type == NFTA_HOOK_PRIORITY) chain.priority = static_cast<int32_t>(Number(*part));
      }
    }
    if (at_hook) chains.push_back(std::move(chain));
  }
  return chains;
}

absl::StatusOr<std::vector<NftListedRule>> ListNftRules(NetlinkSocket& socket, uint8_t family,
                                                        const std::string& table,
                                                        const std::string& chain) {
  PELAGOS_ASSIGN_OR_RETURN(
      std::vector<NetlinkReply> replies,
      Dump(socket, NFT_MSG_GETRULE, family, "listing nftables rules", [&](MessageBatch& batch) {
        batch.PutString(NFTA_RULE_TABLE, table);
        batch.PutString(NFTA_RULE_CHAIN, chain);
      }));
  std::vector<NftListedRule> rules;
  for (const NetlinkReply& reply : replies) {
    NftListedRule rule;
    AttributeReader reader(Attributes(reply));
    while (const auto attribute = reader.Next()) {
      if (attribute->type == NFTA_RULE_HANDLE) rule.handle = be64toh(attribute->As<uint64_t>());
      if (attribute->type == NFTA_RULE_USERDATA) rule.comment = ParseComment(attribute->value);
      if (attribute->type == NFTA_RULE_EXPRESSIONS) rule.stops = Stops(attribute->value);
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

absl::StatusOr<std::vector<NftElement>> ListNftElements(NetlinkSocket& socket, uint8_t family,
                                                        const std::string& table,
                                                        const std::string& set) {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NetlinkReply> replies,
                           Dump(socket, NFT_MSG_GETSETELEM, family, "listing nftables elements",
                                [&](MessageBatch& batch) {
                                  batch.PutString(NFTA_SET_ELEM_LIST_TABLE, table);
                                  batch.PutString(NFTA_SET_ELEM_LIST_SET, set);
                                }));
  std::vector<NftElement> elements;
  for (const NetlinkReply& reply : replies) {
    const auto list = AttributeReader::Find(Attributes(reply), NFTA_SET_ELEM_LIST_ELEMENTS);
    if (!list) continue;
    AttributeReader reader(list->value);
    while (const auto item = reader.Next()) {
      NftElement element;
      const auto key = AttributeReader::Find(item->value, NFTA_SET_ELEM_KEY);
      const auto value = key ? AttributeReader::Find(key->value, NFTA_DATA_VALUE) : std::nullopt;
      if (!value) continue;
      element.key = std::string(value->value);
      if (const auto data = AttributeReader::Find(item->value, NFTA_SET_ELEM_USERDATA)) {
        element.comment = ParseComment(data->value);
      }
      elements.push_back(std::move(element));
    }
  }
  return elements;
}

}  // namespace pelagos::sys
