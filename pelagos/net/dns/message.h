// DNS messages: the queries that pelagos-dns reads, the answers that it writes.
//
// Source: RFC 1035 section 4, RFC 6891 (EDNS0). Names are parsed by glibc's resolver library
// (arpa/nameser.h), which has read hostile messages for decades. Nothing here trusts a byte of a
// message; no message can cost more than its length.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/sys/net/ipv4.h"

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
inline constexpr uint16_t kDnsTypeAny = 255;
inline constexpr uint16_t kDnsClassInternet = 1;

// A question, and what of its message has to be repeated in the answer.
struct DnsQuery {
  uint16_t id = 0;
  bool recursion_desired = false;
  std::string name;  // lower case, without the last dot; empty for the root; odd bytes escaped
  uint16_t type = 0;
  uint16_t qclass = 0;
  std::string question;   // the section as it came
  bool edns = false;      // the asker speaks EDNS0
  size_t max_size = 512;  // of an answer

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
// As many of the addresses as fit. `ttl` in seconds.
std::string WriteAddresses(const DnsQuery& query, const std::vector<sys::Ipv4>& addresses,
                           uint32_t ttl);
// A PTR record.
std::string WriteName(const DnsQuery& query, const std::string& name, uint32_t ttl);

// The address that a name in in-addr.arpa stands for, if it is a whole one.
absl::StatusOr<sys::Ipv4> ParseReverseName(absl::string_view name);

// True if `reply` answers the question under that id: nobody's guess, nobody else's answer.
bool IsReplyTo(absl::string_view reply, const DnsQuery& query, uint16_t id);
// The message under another id. Requires: it holds a header.
std::string WithId(absl::string_view message, uint16_t id);

}  // namespace pelagos::net
