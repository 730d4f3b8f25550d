#include "pelagos/net/firewall.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/names.h"
#include "pelagos/net/ruleset.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/nftables.h"
#include "pelagos/sys/net/nftables_list.h"

namespace pelagos::net {
namespace {

using sys::NftFilterChain;
using sys::NftListedRule;
using sys::NftRule;

// By which side of it a packet belongs to our bridges. In the input hook there is only one.
std::vector<uint32_t> SidesOf(uint32_t hook) {
  if (hook == NF_INET_FORWARD) return {NFT_META_OIFNAME, NFT_META_IIFNAME};
  return {NFT_META_IIFNAME};
}

absl::StatusOr<std::vector<NftFilterChain>> ForeignChains(sys::NetlinkSocket& filter) {
  PELAGOS_ASSIGN_OR_RETURN(std::vector<NftFilterChain> chains, sys::ListNftFilterChains(filter));
  std::erase_if(chains, [](const NftFilterChain& chain) {
    const bool hook = chain.hook == NF_INET_FORWARD || chain.hook == NF_INET_LOCAL_IN;
    return !hook || (chain.family == kTableFamily && IsTableName(chain.table));
  });
  return chains;
}

void DeleteOwn(sys::NftTransaction& change, const NftFilterChain& chain,
               const std::vector<NftListedRule>& rules, const std::string& comment) {
  for (const NftListedRule& rule : rules) {
    if (rule.comment == comment) change.DeleteRule(chain.name, rule.handle);
  }
}

absl::Status Open(sys::NetlinkSocket& filter, const NftFilterChain& chain,
                  const std::string& comment) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<NftListedRule> rules,
                           sys::ListNftRules(filter, chain.family, chain.table, chain.name));
  if (!chain.drops && (rules.empty() || !rules.back().stops)) return absl::OkStatus();
  const std::vector<uint32_t> sides = SidesOf(chain.hook);
  const auto own = std::count_if(rules.begin(), rules.end(), [&](const NftListedRule& rule) {
    return rule.comment == comment;
  });
  if (own == static_cast<int64_t>(sides.size())) return absl::OkStatus();
  sys::NftTransaction change(chain.family, chain.table);
  DeleteOwn(change, chain, rules, comment);
  for (uint32_t side : sides) {
    change.InsertRule(chain.name, comment, [&](NftRule& rule) {
      rule.LoadMeta(side, 0);
      rule.MatchEqual(0, kBridgePrefix);  // the beginning of the name
      rule.MatchMark(kAcceptedMark);
      rule.Accept();
    });
  }
  return change.Commit(filter);
}

// The old interface keeps its rules apart from nftables.
bool LegacyInUse() {
  for (const char* file : {"/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"}) {
    const absl::StatusOr<std::string> names = sys::ReadFile(file, 4096);
    if (names.ok() && absl::StrContains(*names, "filter")) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> OpenFirewalls(sys::NetlinkSocket& filter,
                                                       const std::string& table) {
  std::vector<std::string> warnings;
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<NftFilterChain> chains, ForeignChains(filter));
  for (const NftFilterChain& chain : chains) {
    absl::Status status = Open(filter, chain, table);
    if (status.ok() || FindErrno(status) == ENOENT)
      continue;  // ENOENT: its owner just took it away
    if (FindErrno(status) != EPERM) return status;
    warnings.push_back(absl::StrCat(
        "table '", chain.table,
        "' of nftables belongs to one program alone and drops what it does ",
        "not know: let interfaces '", kBridgePrefix,
        "*' pass there (firewalld: firewall-cmd --permanent --zone=trusted --add-interface=NAME)"));
  }
  if (LegacyInUse()) {
    warnings.push_back(
        "this host has rules of iptables-legacy, which are not looked at: if its FORWARD chain "
        "drops, containers reach nothing outside");
  }
  return warnings;
}

absl::Status CloseFirewalls(sys::NetlinkSocket& filter, const std::string& table) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<NftFilterChain> chains, ForeignChains(filter));
  for (const NftFilterChain& chain : chains) {
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<NftListedRule> rules,
                             sys::ListNftRules(filter, chain.family, chain.table, chain.name));
    sys::NftTransaction change(chain.family, chain.table);
    DeleteOwn(change, chain, rules, table);
    absl::Status status = change.Commit(filter);
    if (!status.ok() && FindErrno(status) != ENOENT) return status;
  }
  return absl::OkStatus();
}

}  // namespace pelagos::net
