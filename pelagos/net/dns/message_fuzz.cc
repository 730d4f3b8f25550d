// Hostile messages: as queries, and as replies of resolvers.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "pelagos/net/dns/answer.h"
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
  const DnsDecision decision = Decide(table, Mapped(pelagos::sys::Ipv4{0x0a630001}),
                                      Mapped(pelagos::sys::Ipv4{0x0a630002}), message, 0);
  absl::StatusOr<DnsQuery> query = ParseDnsQuery(message);
  if (decision.kind == DnsDecision::Kind::kReply) {
    // An answer is an answer, of the same id, and never longer than allowed.
    if (decision.reply.size() < 12 || decision.reply.substr(0, 2) != message.substr(0, 2)) abort();
    if ((decision.reply[2] & 0x80) == 0) abort();
    if (query.ok() && decision.reply.size() > query->max_size) abort();
    if (query.ok() && !IsReplyTo(decision.reply, *query, query->id)) abort();
  }
  if (query.ok() && IsReplyTo(message, *query, query->id)) abort();
  return 0;
}
