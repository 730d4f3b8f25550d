#include "pelagos/net/dns/message.h"

#include <arpa/nameser.h>
#include <resolv.h>

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace pelagos::net {
namespace {

constexpr size_t kHeader = NS_HFIXEDSZ;
constexpr size_t kOptRecord = 11;
constexpr size_t kLargestAnswer =
    1232;                            // fits into every path's packets: the DNS flag day's number
constexpr uint8_t kResponse = 0x80;  // of byte 2
constexpr uint8_t kOpcode = 0x78;
constexpr uint8_t kAuthoritative = 0x04;
constexpr uint8_t kRecursionDesired = 0x01;
constexpr uint8_t kRecursionAvailable = 0x80;  // of byte 3

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
  // A pointer has nothing to point to before the first name, but into the header.
  if (std::memcmp(plain, begin + kHeader, size) != 0) return "";
  if (message.size() < kHeader + size + 4) return "";
  return message.substr(kHeader, size + 4);
}

// Header and question of an answer.
std::string Begin(const DnsQuery& query, DnsCode code, size_t answers, bool authoritative) {
  std::string message;
  Put16(message, query.id);
  message.push_back(static_cast<char>(kResponse | (authoritative ? kAuthoritative : 0) |
                                      (query.recursion_desired ? kRecursionDesired : 0)));
  message.push_back(static_cast<char>(kRecursionAvailable | static_cast<uint8_t>(code)));
  Put16(message, 1);
  Put16(message, static_cast<uint32_t>(answers));
  Put16(message, 0);
  Put16(message, query.edns ? 1 : 0);
  return message + query.question;
}

void End(std::string& message, const DnsQuery& query) {
  if (!query.edns) return;
  message.push_back('\0');  // the root
  Put16(message, ns_t_opt);
  Put16(message, kLargestAnswer);
  Put32(message, 0);
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
  for (int i = 0; i < ns_msg_count(parsed, ns_s_ar); ++i) {
    if (ns_parserr(&parsed, ns_s_ar, i, &record) != 0) {
      return absl::DataLossError("malformed DNS query");
    }
    if (ns_rr_type(record) != ns_t_opt) continue;
    query.edns = true;
    query.max_size = std::clamp<size_t>(ns_rr_class(record), 512, kLargestAnswer);
  }
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

std::string WriteAddresses(const DnsQuery& query, const std::vector<sys::Ipv4>& addresses,
                           uint32_t ttl) {
  constexpr size_t kRecord = 16;
  const size_t used = kHeader + query.question.size() + (query.edns ? kOptRecord : 0);
  const size_t room = query.max_size > used ? (query.max_size - used) / kRecord : 0;
  const size_t count = std::min(addresses.size(), room);
  std::string message = Begin(query, DnsCode::kOk, count, true);
  for (size_t i = 0; i < count; ++i) {
    PutRecord(message, ns_t_a, ttl, 4);
    Put32(message, addresses[i].bits);
  }
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

absl::StatusOr<sys::Ipv4> ParseReverseName(absl::string_view name) {
  constexpr absl::string_view kSuffix = ".in-addr.arpa";
  if (!absl::EndsWith(name, kSuffix)) return absl::NotFoundError("no reverse name");
  name.remove_suffix(kSuffix.size());
  std::vector<absl::string_view> parts = absl::StrSplit(name, '.');
  std::reverse(parts.begin(), parts.end());
  return sys::ParseIpv4(absl::StrJoin(parts, "."));
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

}  // namespace pelagos::net
