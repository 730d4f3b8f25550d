// Hostile messages: as queries, and as replies of resolvers.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/time/time.h"
#include "pelagos/net/dns/answer.h"
#include "pelagos/net/dns/cache.h"
#include "pelagos/net/dns/mapped.h"
#include "pelagos/net/dns/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pelagos::net;
  if (size > 4096) return 0;  // more than the server reads
  const std::string message(reinterpret_cast<const char*>(data), size);
  static const ZoneTable& table = *[] {
    auto* made = new ZoneTable;
    made->SetHead("net", {{0x0a630001}, 24, {}, 64, false, "net", {}});
    made->SetHost("net", {{0x0a630002}, {}, "a", {"web", "a.b"}, {}});
    return made;
  }();
  const DnsDecision decision =
      Decide(table, Mapped(pelagos::sys::Ipv4{0x0a630001}), Mapped(pelagos::sys::Ipv4{0x0a630002}),
             DnsTransport::kUdp, message, 0);
  absl::StatusOr<DnsQuery> query = ParseDnsQuery(message);
  if (decision.kind == DnsDecision::Kind::kReply) {
    // An answer is an answer, of the same id, and never longer than allowed.
    if (decision.reply.size() < 12 || decision.reply.substr(0, 2) != message.substr(0, 2)) abort();
    if ((decision.reply[2] & 0x80) == 0) abort();
    if (query.ok() && decision.reply.size() > query->max_size) abort();
    if (query.ok() && !IsReplyTo(decision.reply, *query, query->id)) abort();
  }
  if (query.ok() && IsReplyTo(message, *query, query->id)) abort();

  // The same bytes as the reply of a resolver, to a query with its own question.
  const DnsLifetime life = LifetimeOf(message);
  std::string aged = message;
  Age(aged, life.ttl_offsets, 1);
  if (aged.size() != message.size()) abort();
  DnsCache cache;
  cache.Add("key", "net", message, absl::UnixEpoch());
  if (cache.answers() != (life.seconds > 0 && size <= DnsCache::kMaxAnswer ? 1u : 0u)) abort();
  if (message.size() > 12 && (message[2] & 0x80) != 0) {
    std::string asked = message;
    asked[2] = 1;
    std::fill(asked.begin() + 6, asked.begin() + 12, '\0');
    const absl::StatusOr<DnsQuery> own = ParseDnsQuery(asked);
    if (own.ok()) {
      if (!IsReplyTo(message, *own, own->id)) abort();
      const std::string fitted = FitReply(message, *own);
      if (fitted.size() > own->max_size || !IsReplyTo(fitted, *own, own->id)) abort();
    }
  }
  return 0;
}
