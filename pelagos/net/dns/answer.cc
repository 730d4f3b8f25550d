#include "pelagos/net/dns/answer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace pelagos::net {
namespace {

constexpr uint32_t kTtl = 10;  // seconds; a restarted container may have another address

DnsDecision Reply(std::string reply) { return {DnsDecision::Kind::kReply, std::move(reply), {}}; }

}  // namespace

DnsDecision Decide(const ZoneTable& table, const sys::Ipv6& gateway, const sys::Ipv6& asker,
                   absl::string_view message, uint32_t turn) {
  const std::optional<ZoneTable::Scope> scope = table.ScopeOf(gateway, asker);
  if (!scope) return {};
  absl::StatusOr<DnsQuery> parsed = ParseDnsQuery(message);
  if (absl::IsInvalidArgument(parsed.status())) return {};
  if (!parsed.ok()) {
    return Reply(WriteRefusal(message, absl::IsUnimplemented(parsed.status())
                                           ? DnsCode::kNotImplemented
                                           : DnsCode::kFormatError));
  }
  const DnsQuery& query = *parsed;
  if (query.qclass != kDnsClassInternet) return Reply(WriteEmptyAnswer(query, DnsCode::kRefused));

  if (query.type == kDnsTypePtr) {
    absl::StatusOr<sys::Ipv4> address = ParseReverseName(query.name);
    if (address.ok() && ZoneTable::Covers(*scope, Mapped(*address))) {
      const ZoneHost* host = ZoneTable::FindAddress(*scope, Mapped(*address));
      return Reply(host == nullptr || host->names.empty()
                       ? WriteEmptyAnswer(query, DnsCode::kNoSuchName)
                       : WriteName(query, host->names[0], kTtl));
    }
  }

  absl::string_view name = query.name;
  const bool ours = absl::ConsumeSuffix(&name, ".pelagos") || ZoneTable::InDomain(*scope, name);
  ZoneTable::Hosts hosts;
  ZoneTable::Find(*scope, name, hosts);
  std::vector<sys::Ipv4> addresses;
  for (const ZoneHost* host : hosts) addresses.push_back(host->address);
  if (!addresses.empty()) {
    if (query.type != kDnsTypeA && query.type != kDnsTypeAny) {
      return Reply(WriteEmptyAnswer(query, DnsCode::kOk));
    }
    const size_t first = turn % addresses.size();
    std::rotate(addresses.begin(), addresses.begin() + static_cast<ptrdiff_t>(first),
                addresses.end());
    return Reply(WriteAddresses(query, addresses, kTtl));
  }
  const bool single = !name.empty() && !absl::StrContains(name, '.');
  if (ours || single) return Reply(WriteEmptyAnswer(query, DnsCode::kNoSuchName));
  return {DnsDecision::Kind::kForward, "", query};
}

}  // namespace pelagos::net
