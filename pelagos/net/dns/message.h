// DNS messages: the queries that pelagos-dns reads, the answers that it writes.
//
// Source: RFC 1035 section 4, RFC 6891 (EDNS0), RFC 3596 (IPv6), RFC 2308 (negative answers).
// Messages are parsed by glibc's resolver library (arpa/nameser.h), which has read hostile ones for
// decades; docs/networking.md says why by none of the others. Nothing here trusts a byte of a
// message; no message can cost more than its length.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

// Numbers of the protocol that are used outside of message.cc.
enum class DnsCode : uint8_t {
  kOk = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNoSuchName = 3,
  kNotImplemented = 4,
  kRefused = 5,
};
inline constexpr uint16_t kDnsTypeA = 1;
inline constexpr uint16_t kDnsTypePtr = 12;
inline constexpr uint16_t kDnsTypeAaaa = 28;
inline constexpr uint16_t kDnsTypeAny = 255;
inline constexpr uint16_t kDnsClassInternet = 1;
inline constexpr size_t kLargestDnsMessage = 0xffff;  // by TCP

// A question, and what of its message has to be repeated in the answer.
struct DnsQuery {
  uint16_t id = 0;
  bool recursion_desired = false;
  std::string name;  // lower case, without the last dot; empty for the root; odd bytes escaped
  uint16_t type = 0;
  uint16_t qclass = 0;
  std::string question;  // the section as it came
  bool edns = false;     // the asker speaks EDNS0
  uint8_t edns_version = 0;
  // Of the answer: by UDP 512 to 1232 bytes, as the asker says. For TCP set to kLargestDnsMessage.
  size_t max_size = 512;
  // Bits of the header and of EDNS0 that change the answer of a resolver (RD, AD, CD, DO, and
  // whether EDNS0 is spoken).
  uint32_t flags = 0;
  bool plain = false;  // says nothing else: no options, no other records

  friend bool operator==(const DnsQuery&, const DnsQuery&) = default;
};

// InvalidArgument for a message that is no query and deserves no answer (an answer itself, or less
// than a header); Unimplemented for another kind than QUERY; DataLoss for a malformed query. The
// last two may be answered with WriteRefusal.
absl::StatusOr<DnsQuery> ParseDnsQuery(absl::string_view message);

// A header without any section. Requires: message holds a header, so ParseDnsQuery gave no
// InvalidArgument for it.
std::string WriteRefusal(absl::string_view message, DnsCode code);

// No records: an error, or (kOk) a name without a record of the type asked for.
std::string WriteEmptyAnswer(const DnsQuery& query, DnsCode code);
// An EDNS0 version that we do not speak (RFC 6891 section 6.1.3).
std::string WriteBadVersion(const DnsQuery& query);
// A and AAAA records: as many as fit, and the truncation bit if not all do. IPv4 addresses are
// mapped ones (zone_table.h). `ttl` in seconds.
std::string WriteAddresses(const DnsQuery& query, const std::vector<sys::Ipv6>& addresses,
                           uint32_t ttl);
// A PTR record.
std::string WriteName(const DnsQuery& query, const std::string& name, uint32_t ttl);

// The address (IPv4: mapped) that a name in in-addr.arpa or ip6.arpa stands for, if it is a whole
// one. `name` is lower case.
absl::StatusOr<sys::Ipv6> ParseReverseName(absl::string_view name);

// True if `reply` answers the question under that id: nobody's guess, nobody else's answer.
bool IsReplyTo(absl::string_view reply, const DnsQuery& query, uint16_t id);
// The message under another id. Requires: it holds a header.
std::string WithId(absl::string_view message, uint16_t id);

// Of a message that holds a header.
uint8_t CodeOf(absl::string_view message);
bool IsTruncated(absl::string_view message);

// A reply for the asker of `query`: its id, its spelling of the name, and, if it is longer than
// the asker takes, no records but the truncation bit. Requires: IsReplyTo but for the id.
std::string FitReply(std::string reply, const DnsQuery& query);

// How long a reply may be kept.
struct DnsLifetime {
  uint32_t seconds = 0;             // 0: not at all
  std::vector<size_t> ttl_offsets;  // of the times in the message, 4 bytes each
};
// The least TTL of the records; without an answer, what the zone's SOA record says. Zero for
// errors, truncated and malformed replies.
DnsLifetime LifetimeOf(absl::string_view reply);
// Takes `seconds` from each of the times, which do not get below 0.
void Age(std::string& reply, const std::vector<size_t>& ttl_offsets, uint32_t seconds);

}  // namespace pelagos::net
