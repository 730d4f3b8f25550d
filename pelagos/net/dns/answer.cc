#include "pelagos/net/dns/answer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace pelagos::net {
namespace {

constexpr uint32_t kTtl = 10;  // seconds; a restarted container may have another address

DnsDecision Reply(std::string reply) {
  DnsDecision decision;
  decision.kind = DnsDecision::Kind::kReply;
  decision.reply = std::move(reply);
  return decision;
}

DnsDecision Forward(const ZoneTable::Scope& scope, DnsQuery query) {
  if (ZoneTable::Internal(scope)) return Reply(WriteEmptyAnswer(query, DnsCode::kServerFailure));
  DnsDecision decision;
  decision.kind = DnsDecision::Kind::kForward;
  decision.query = std::move(query);
  decision.upstream.scope = scope.gateway->name;
  const bool own = scope.asker != nullptr && !scope.asker->resolvers.empty();
  decision.upstream.resolvers = own ? scope.asker->resolvers : scope.gateway->head->resolvers;
  return decision;
}

DnsDecision Addresses(const DnsQuery& query, const ZoneTable::Hosts& hosts, uint32_t turn) {
  std::vector<sys::Ipv6> addresses;
  for (const bool v4 : {true, false}) {
    if (query.type != kDnsTypeAny && query.type != (v4 ? kDnsTypeA : kDnsTypeAaaa)) continue;
    const size_t begin = addresses.size();
    for (const ZoneHost* host : hosts) {
      if (v4) addresses.push_back(Mapped(host->address));
      if (!v4 && host->address6) addresses.push_back(*host->address6);
    }
    const size_t count = addresses.size() - begin;
    if (count < 2) continue;
    const auto first = addresses.begin() + static_cast<ptrdiff_t>(begin);
    std::rotate(first, first + static_cast<ptrdiff_t>(turn % count), addresses.end());
  }
  if (addresses.empty()) return Reply(WriteEmptyAnswer(query, DnsCode::kOk));
  return Reply(WriteAddresses(query, addresses, kTtl));
}

}  // namespace

DnsDecision Decide(const ZoneTable& table, const sys::Ipv6& gateway, const sys::Ipv6& asker,
                   DnsTransport transport, absl::string_view message, uint32_t turn) {
  const std::optional<ZoneTable::Scope> scope = table.ScopeOf(gateway, asker);
  if (!scope) return {};
  absl::StatusOr<DnsQuery> parsed = ParseDnsQuery(message);
  if (absl::IsInvalidArgument(parsed.status())) return {};
  if (!parsed.ok()) {
    return Reply(WriteRefusal(message, absl::IsUnimplemented(parsed.status())
                                           ? DnsCode::kNotImplemented
                                           : DnsCode::kFormatError));
  }
  DnsQuery& query = *parsed;
  if (transport == DnsTransport::kTcp) query.max_size = kLargestDnsMessage;
  if (query.edns_version != 0) return Reply(WriteBadVersion(query));
  if (query.qclass != kDnsClassInternet) return Reply(WriteEmptyAnswer(query, DnsCode::kRefused));

  if (query.type == kDnsTypePtr) {
    absl::StatusOr<sys::Ipv6> address = ParseReverseName(query.name);
    if (address.ok() && ZoneTable::Covers(*scope, *address)) {
      const ZoneHost* host = ZoneTable::FindAddress(*scope, *address);
      return Reply(host == nullptr || host->names.empty()
                       ? WriteEmptyAnswer(query, DnsCode::kNoSuchName)
                       : WriteName(query, host->names[0], kTtl));
    }
  }

  absl::string_view name = query.name;
  const bool ours =
      absl::ConsumeSuffix(&name, ".pelagos") || ZoneTable::InDomain(*scope, query.name);
  ZoneTable::Hosts hosts;
  ZoneTable::Find(*scope, name, hosts);
  if (!hosts.empty()) return Addresses(query, hosts, turn);
  const bool single = !name.empty() && !absl::StrContains(name, '.');
  if (ours || single) return Reply(WriteEmptyAnswer(query, DnsCode::kNoSuchName));
  return Forward(*scope, std::move(query));
}

}  // namespace pelagos::net
