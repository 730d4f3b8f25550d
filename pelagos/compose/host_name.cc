#include "pelagos/compose/host_name.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/dns/message.h"
#include "pelagos/sys/file.h"

namespace pelagos::compose {
namespace {

constexpr size_t kLargestFile = 1 << 20;
constexpr size_t kMostServers = 3;  // as glibc
constexpr size_t kHeader = 12;
constexpr absl::Duration kPatience = absl::Seconds(2);

std::vector<std::string> WordsOf(absl::string_view line) {
  line = line.substr(0, line.find('#'));
  return absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
}

// A query for the A records of `name`; empty when it is no name. RFC 1035 section 4.1.
std::string WriteQuery(const std::string& name, uint16_t id) {
  u_char wire[NS_MAXCDNAME];
  if (name.empty() || ns_name_pton(name.c_str(), wire, sizeof(wire)) < 0) return "";
  std::string message(kHeader, '\0');
  message[0] = static_cast<char>(id >> 8);
  message[1] = static_cast<char>(id & 0xff);
  message[2] = 1;  // recursion is desired
  message[5] = 1;  // one question
  size_t size = 0;
  while (wire[size] != 0) size += 1 + wire[size];
  message.append(reinterpret_cast<const char*>(wire), size + 1);
  message.append({0, ns_t_a, 0, ns_c_in});
  return message;
}

// The addresses in a reply: of the name, or of what it stands for.
std::vector<HostAddress> AddressesIn(absl::string_view reply) {
  std::vector<HostAddress> addresses;
  ns_msg parsed;
  const auto* bytes = reinterpret_cast<const u_char*>(reply.data());
  if (ns_initparse(bytes, static_cast<int>(reply.size()), &parsed) != 0) return addresses;
  for (int i = 0; i < ns_msg_count(parsed, ns_s_an); ++i) {
    ns_rr record;
    if (ns_parserr(&parsed, ns_s_an, i, &record) != 0) break;
    if (ns_rr_type(record) != ns_t_a || ns_rr_rdlen(record) != sizeof(in_addr)) continue;
    HostAddress address;
    auto* in = reinterpret_cast<sockaddr_in*>(&address.address);
    in->sin_family = AF_INET;
    std::memcpy(&in->sin_addr, ns_rr_rdata(record), sizeof(in_addr));
    address.size = sizeof(sockaddr_in);
    addresses.push_back(address);
  }
  return addresses;
}

// The reply of one server to this question.
absl::StatusOr<std::string> AskOne(const HostAddress& server, const std::string& query,
                                   absl::Duration patience) {
  const absl::StatusOr<net::DnsQuery> asked = net::ParseDnsQuery(query);
  if (!asked.ok()) return asked.status();
  const Fd fd(::socket(server.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "socket");
  // Connected: replies come from the server and nobody else.
  const auto* address = reinterpret_cast<const sockaddr*>(&server.address);
  if (::connect(fd.get(), address, server.size) != 0 ||
      ::send(fd.get(), query.data(), query.size(), MSG_NOSIGNAL) < 0) {
    return ErrnoStatus(errno, "asking a nameserver");
  }
  const absl::Time end = absl::Now() + patience;
  for (;;) {
    const int64_t left = absl::ToInt64Milliseconds(end - absl::Now());
    pollfd waiting = {fd.get(), POLLIN, 0};
    const int ready = left <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left));
    if (ready == 0) return absl::DeadlineExceededError("no nameserver answers");
    if (ready < 0 && errno == EINTR) continue;
    std::array<char, 4096> buffer;
    const ssize_t size = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return ErrnoStatus(errno, "a nameserver");
    const absl::string_view reply(buffer.data(), static_cast<size_t>(size));
    if (net::IsReplyTo(reply, *asked, asked->id)) return std::string(reply);
  }
}

}  // namespace

HostAddress HostAddress::With(uint16_t port) const {
  HostAddress with = *this;
  if (address.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&with.address)->sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6*>(&with.address)->sin6_port = htons(port);
  }
  return with;
}

std::optional<HostAddress> ParseAddress(const std::string& text) {
  HostAddress address;
  auto* in = reinterpret_cast<sockaddr_in*>(&address.address);
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&address.address);
  if (::inet_pton(AF_INET, text.c_str(), &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    address.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, text.c_str(), &in6->sin6_addr) == 1) {
    in6->sin6_family = AF_INET6;
    address.size = sizeof(sockaddr_in6);
  } else {
    return std::nullopt;
  }
  return address;
}

std::vector<HostAddress> FindInHosts(absl::string_view hosts, absl::string_view name) {
  std::vector<HostAddress> found;
  for (absl::string_view line : absl::StrSplit(hosts, '\n')) {
    const std::vector<std::string> words = WordsOf(line);
    for (size_t i = 1; i < words.size(); ++i) {
      if (!absl::EqualsIgnoreCase(words[i], name)) continue;
      if (const auto address = ParseAddress(words[0])) found.push_back(*address);
      break;
    }
  }
  return found;
}

std::vector<HostAddress> ParseNameservers(absl::string_view resolv_conf, uint16_t port) {
  std::vector<HostAddress> servers;
  for (absl::string_view line : absl::StrSplit(resolv_conf, '\n')) {
    const std::vector<std::string> words = WordsOf(line);
    if (words.size() < 2 || words[0] != "nameserver" || servers.size() == kMostServers) continue;
    if (const auto address = ParseAddress(words[1])) servers.push_back(address->With(port));
  }
  return servers;
}

absl::StatusOr<std::vector<HostAddress>> AskNameservers(const std::string& name,
                                                        const std::vector<HostAddress>& servers,
                                                        absl::Duration patience) {
  uint16_t id = 0;
  if (::getrandom(&id, sizeof(id), 0) != sizeof(id)) return ErrnoStatus(errno, "getrandom");
  const std::string query = WriteQuery(name, id);
  if (query.empty()) return absl::NotFoundError(absl::StrCat("'", name, "' is no name of a host"));
  absl::Status failure =
      absl::UnavailableError(absl::StrCat("'", name, "': there is no nameserver to ask"));
  for (const HostAddress& server : servers) {
    const absl::StatusOr<std::string> reply = AskOne(server, query, patience);
    if (!reply.ok()) {
      failure = absl::UnavailableError(absl::StrCat("'", name, "': ", reply.status().message()));
      continue;
    }
    std::vector<HostAddress> addresses = AddressesIn(*reply);
    if (!addresses.empty()) return addresses;
    constexpr char kCodeMask = 0x0f;
    const int code = (*reply)[3] & kCodeMask;
    if (code == static_cast<int>(net::DnsCode::kOk) ||
        code == static_cast<int>(net::DnsCode::kNoSuchName)) {
      return absl::NotFoundError(absl::StrCat("there is no host '", name, "'"));
    }
    failure = absl::UnavailableError(
        absl::StrCat("'", name, "': the nameserver answers with error ", code));
  }
  return failure;
}

absl::StatusOr<std::vector<HostAddress>> ResolveHost(const std::string& name) {
  if (const auto address = ParseAddress(name)) return std::vector<HostAddress>{*address};
  // RFC 6761: never asked of anybody.
  const std::string lower = absl::AsciiStrToLower(name);
  if (lower == "localhost" || absl::EndsWith(lower, ".localhost")) {
    return std::vector<HostAddress>{*ParseAddress("127.0.0.1"), *ParseAddress("::1")};
  }
  const absl::StatusOr<std::string> hosts = sys::ReadFile("/etc/hosts", kLargestFile);
  if (hosts.ok()) {
    std::vector<HostAddress> found = FindInHosts(*hosts, name);
    if (!found.empty()) return found;
  }
  const absl::StatusOr<std::string> resolv_conf = sys::ReadFile("/etc/resolv.conf", kLargestFile);
  return AskNameservers(
      name, resolv_conf.ok() ? ParseNameservers(*resolv_conf) : std::vector<HostAddress>(),
      kPatience);
}

}  // namespace pelagos::compose
