#include "pelagos/net/dns/message.h"

#include <arpa/nameser.h>
#include <resolv.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pelagos/net/dns/mapped.h"

namespace pelagos::net {
namespace {

constexpr size_t kHeader = NS_HFIXEDSZ;
constexpr size_t kOptRecord = 11;
constexpr size_t kLargestAnswer =
    1232;                            // fits into every path's packets: the DNS flag day's number
constexpr uint8_t kResponse = 0x80;  // of byte 2
constexpr uint8_t kOpcode = 0x78;
constexpr uint8_t kAuthoritative = 0x04;
constexpr uint8_t kTruncated = 0x02;
constexpr uint8_t kRecursionDesired = 0x01;
constexpr uint8_t kRecursionAvailable = 0x80;  // of byte 3
constexpr uint8_t kAuthentic = 0x20;
constexpr uint8_t kCheckingDisabled = 0x10;
constexpr uint16_t kDnssecOk = 0x8000;   // of the flags of EDNS0
constexpr uint32_t kLongestLife = 3600;  // seconds
constexpr uint32_t kLongestNegativeLife = 300;

const unsigned char* Bytes(absl::string_view message) {
  return reinterpret_cast<const unsigned char*>(message.data());
}

uint16_t Read16(absl::string_view message, size_t at) {
  return static_cast<uint16_t>(Bytes(message)[at] << 8 | Bytes(message)[at + 1]);
}

void Put16(std::string& message, uint32_t value) {
  message.push_back(static_cast<char>(value >> 8));
  message.push_back(static_cast<char>(value));
}

void Put32(std::string& message, uint32_t value) {
  Put16(message, value >> 16);
  Put16(message, value & 0xffff);
}

// The question section of a message with one question, without compression; empty if there is
// none.
absl::string_view QuestionOf(absl::string_view message) {
  if (message.size() < kHeader || Read16(message, 4) != 1) return "";
  unsigned char plain[NS_MAXCDNAME];
  const unsigned char* begin = Bytes(message);
  const int in_message =
      ns_name_unpack(begin, begin + message.size(), begin + kHeader, plain, sizeof(plain));
  if (in_message <= 0) return "";
  const size_t size = static_cast<size_t>(in_message);
  // A pointer has nothing to point to before the first name, but into the header. It may stand
  // behind so many labels that the name as it came is longer than a whole one can be.
  if (size > sizeof(plain) || std::memcmp(plain, begin + kHeader, size) != 0) return "";
  if (message.size() < kHeader + size + 4) return "";
  return message.substr(kHeader, size + 4);
}

uint32_t Read32(absl::string_view message, size_t at) {
  return uint32_t{Read16(message, at)} << 16 | Read16(message, at + 2);
}

// Header and question of an answer.
std::string Begin(const DnsQuery& query, DnsCode code, size_t answers, bool authoritative) {
  std::string message;
  message.reserve(128);
  Put16(message, query.id);
  message.push_back(static_cast<char>(kResponse | (authoritative ? kAuthoritative : 0) |
                                      (query.recursion_desired ? kRecursionDesired : 0)));
  message.push_back(static_cast<char>(kRecursionAvailable | static_cast<uint8_t>(code)));
  Put16(message, 1);
  Put16(message, static_cast<uint32_t>(answers));
  Put16(message, 0);
  Put16(message, query.edns ? 1 : 0);
  message += query.question;
  return message;
}

// `extended` is the upper part of the code.
void End(std::string& message, const DnsQuery& query, uint8_t extended = 0) {
  if (!query.edns) return;
  message.push_back('\0');  // the root
  Put16(message, ns_t_opt);
  Put16(message, kLargestAnswer);
  Put32(message, uint32_t{extended} << 24);  // version 0, no flags
  Put16(message, 0);
}

// A record of the question's name, up to its data.
void PutRecord(std::string& message, uint16_t type, uint32_t ttl, size_t size) {
  Put16(message, 0xc000 | kHeader);  // points to the question's name
  Put16(message, type);
  Put16(message, ns_c_in);
  Put32(message, ttl);
  Put16(message, static_cast<uint32_t>(size));
}

}  // namespace

absl::StatusOr<DnsQuery> ParseDnsQuery(absl::string_view message) {
  if (message.size() < kHeader || message.size() > 0xffff || (Bytes(message)[2] & kResponse) != 0) {
    return absl::InvalidArgumentError("not a DNS query");
  }
  if ((Bytes(message)[2] & kOpcode) != 0) return absl::UnimplementedError("not of kind QUERY");
  ns_msg parsed;
  ns_rr record;
  const absl::string_view question = QuestionOf(message);
  if (question.empty() ||
      ns_initparse(Bytes(message), static_cast<int>(message.size()), &parsed) != 0 ||
      ns_parserr(&parsed, ns_s_qd, 0, &record) != 0) {
    return absl::DataLossError("malformed DNS query");
  }
  DnsQuery query;
  query.id = ns_msg_id(parsed);
  query.recursion_desired = (Bytes(message)[2] & kRecursionDesired) != 0;
  query.name = absl::AsciiStrToLower(ns_rr_name(record));
  if (query.name == ".") query.name.clear();
  query.type = ns_rr_type(record);
  query.qclass = ns_rr_class(record);
  query.question = std::string(question);
  query.flags = (Bytes(message)[2] & kRecursionDesired) |
                (Bytes(message)[3] & (kAuthentic | kCheckingDisabled));
  size_t used = kHeader + question.size();
  const int others = ns_msg_count(parsed, ns_s_an) + ns_msg_count(parsed, ns_s_ns);
  for (int i = 0; i < ns_msg_count(parsed, ns_s_ar); ++i) {
    if (ns_parserr(&parsed, ns_s_ar, i, &record) != 0) {
      return absl::DataLossError("malformed DNS query");
    }
    if (ns_rr_type(record) != ns_t_opt) continue;
    if (query.edns) return absl::DataLossError("EDNS0 twice");
    query.edns = true;
    query.edns_version = static_cast<uint8_t>(ns_rr_ttl(record) >> 16);
    query.max_size = std::clamp<size_t>(ns_rr_class(record), 512, kLargestAnswer);
    query.flags |= 0x100 | (ns_rr_ttl(record) & kDnssecOk) << 8;
    used += kOptRecord;
  }
  query.plain = others == 0 && used == message.size();
  return query;
}

std::string WriteRefusal(absl::string_view message, DnsCode code) {
  std::string answer(message.substr(0, kHeader));
  answer[2] = static_cast<char>((Bytes(message)[2] & (kOpcode | kRecursionDesired)) | kResponse);
  answer[3] = static_cast<char>(code);
  std::fill(answer.begin() + 4, answer.end(), '\0');
  return answer;
}

std::string WriteEmptyAnswer(const DnsQuery& query, DnsCode code) {
  const bool ours = code == DnsCode::kOk || code == DnsCode::kNoSuchName;
  std::string message = Begin(query, code, 0, ours);
  End(message, query);
  return message;
}

std::string WriteBadVersion(const DnsQuery& query) {
  std::string message = Begin(query, DnsCode::kOk, 0, false);
  End(message, query, 1);  // BADVERS is 16
  return message;
}

std::string WriteAddresses(const DnsQuery& query, const std::vector<sys::Ipv6>& addresses,
                           uint32_t ttl) {
  constexpr size_t kRecord = 12;
  std::string message = Begin(query, DnsCode::kOk, 0, true);
  const size_t end = query.edns ? kOptRecord : 0;
  uint16_t count = 0;
  for (const sys::Ipv6& address : addresses) {
    const std::optional<sys::Ipv4> v4 = Unmapped(address);
    const size_t size = v4 ? 4 : 16;
    if (message.size() + kRecord + size + end > query.max_size) {
      message[2] = static_cast<char>(message[2] | kTruncated);
      break;
    }
    PutRecord(message, v4 ? ns_t_a : ns_t_aaaa, ttl, size);
    const size_t skipped = address.bytes.size() - size;
    message.append(reinterpret_cast<const char*>(address.bytes.data()) + skipped, size);
    ++count;
  }
  message[6] = static_cast<char>(count >> 8);
  message[7] = static_cast<char>(count);
  End(message, query);
  return message;
}

std::string WriteName(const DnsQuery& query, const std::string& name, uint32_t ttl) {
  unsigned char wire[NS_MAXCDNAME];
  int size = ns_name_pton(name.c_str(), wire, sizeof(wire));
  if (size >= 0) size = dn_skipname(wire, wire + sizeof(wire));
  if (size < 0) return WriteEmptyAnswer(query, DnsCode::kServerFailure);
  std::string message = Begin(query, DnsCode::kOk, 1, true);
  PutRecord(message, ns_t_ptr, ttl, static_cast<size_t>(size));
  message.append(reinterpret_cast<const char*>(wire), static_cast<size_t>(size));
  End(message, query);
  return message;
}

absl::StatusOr<sys::Ipv6> ParseReverseName(absl::string_view name) {
  if (absl::ConsumeSuffix(&name, ".in-addr.arpa")) {
    std::vector<absl::string_view> parts = absl::StrSplit(name, '.');
    std::reverse(parts.begin(), parts.end());
    absl::StatusOr<sys::Ipv4> address = sys::ParseIpv4(absl::StrJoin(parts, "."));
    if (!address.ok()) return address.status();
    return Mapped(*address);
  }
  if (!absl::ConsumeSuffix(&name, ".ip6.arpa") || name.size() != 63) {
    return absl::NotFoundError("no reverse name");
  }
  sys::Ipv6 address;
  for (size_t i = 0; i < 32; ++i) {  // nibbles, the last one first
    const char c = name[2 * i];
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c)) ||
        (i < 31 && name[2 * i + 1] != '.')) {
      return absl::NotFoundError("no reverse name");
    }
    const int nibble = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    address.bytes[15 - i / 2] |= static_cast<uint8_t>(i % 2 == 0 ? nibble : nibble << 4);
  }
  return address;
}

bool IsReplyTo(absl::string_view reply, const DnsQuery& query, uint16_t id) {
  if (reply.size() < kHeader || (Bytes(reply)[2] & kResponse) == 0) return false;
  // Resolvers may change the case of a name, of nothing else.
  absl::string_view question = QuestionOf(reply);
  if (Read16(reply, 0) != id || question.size() != query.question.size()) return false;
  const size_t name = question.size() - 4;
  return absl::EqualsIgnoreCase(question.substr(0, name), query.question.substr(0, name)) &&
         question.substr(name) == query.question.substr(name);
}

std::string WithId(absl::string_view message, uint16_t id) {
  std::string copy(message);
  copy[0] = static_cast<char>(id >> 8);
  copy[1] = static_cast<char>(id);
  return copy;
}

uint8_t CodeOf(absl::string_view message) { return Bytes(message)[3] & 0x0f; }

bool IsTruncated(absl::string_view message) { return (Bytes(message)[2] & kTruncated) != 0; }

std::string FitReply(std::string reply, const DnsQuery& query) {
  reply[0] = static_cast<char>(query.id >> 8);
  reply[1] = static_cast<char>(query.id);
  reply.replace(kHeader, query.question.size(), query.question);  // of the same length
  if (reply.size() <= query.max_size) return reply;
  reply.resize(kHeader + query.question.size());
  reply[2] = static_cast<char>(reply[2] | kTruncated);
  std::fill(reply.begin() + 6, reply.begin() + kHeader, '\0');
  if (query.edns) reply[11] = 1;
  End(reply, query);
  return reply;
}

DnsLifetime LifetimeOf(absl::string_view reply) {
  ns_msg parsed;
  if (reply.size() < kHeader || reply.size() > kLargestDnsMessage || IsTruncated(reply) ||
      ns_initparse(Bytes(reply), static_cast<int>(reply.size()), &parsed) != 0) {
    return {};
  }
  const uint8_t code = CodeOf(reply);
  const bool no_name = code == static_cast<uint8_t>(DnsCode::kNoSuchName);
  if (code != 0 && !no_name) return {};
  const bool negative = no_name || ns_msg_count(parsed, ns_s_an) == 0;
  bool has_soa = false;
  DnsLifetime life;
  life.seconds = negative ? kLongestNegativeLife : kLongestLife;
  for (const ns_sect section : {ns_s_an, ns_s_ns, ns_s_ar}) {
    for (int i = 0; i < ns_msg_count(parsed, section); ++i) {
      ns_rr record;
      if (ns_parserr(&parsed, section, i, &record) != 0) return {};
      if (ns_rr_type(record) == ns_t_opt) continue;
      // RFC 2181 section 8: what has the sign bit is zero.
      const uint32_t ttl = ns_rr_ttl(record) > 0x7fffffff ? 0 : ns_rr_ttl(record);
      life.seconds = std::min(life.seconds, ttl);
      life.ttl_offsets.push_back(static_cast<size_t>(ns_rr_rdata(record) - Bytes(reply)) - 6);
      if (section != ns_s_ns || ns_rr_type(record) != ns_t_soa || ns_rr_rdlen(record) < 22)
        continue;
      const size_t end =
          static_cast<size_t>(ns_rr_rdata(record) - Bytes(reply)) + ns_rr_rdlen(record);
      has_soa = true;
      if (negative) life.seconds = std::min(life.seconds, Read32(reply, end - 4));
    }
  }
  if (negative && !has_soa) return {};
  return life;
}

void Age(std::string& reply, const std::vector<size_t>& ttl_offsets, uint32_t seconds) {
  for (const size_t at : ttl_offsets) {
    const uint32_t ttl = Read32(reply, at);
    const uint32_t left = ttl > seconds ? ttl - seconds : 0;
    for (size_t i = 0; i < 4; ++i) reply[at + i] = static_cast<char>(left >> (24 - 8 * i));
  }
}

}  // namespace pelagos::net
