#include "pelagos/net/dns/resolvers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "pelagos/net/dns/mapped.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

constexpr uint16_t kDnsPort = 53;
constexpr size_t kMaxOfFile = 3;
constexpr size_t kMaxOfList = 8;

bool ParseResolver(const std::string& text, Resolver& resolver) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&resolver.address);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(kDnsPort);
    resolver.size = sizeof(*v4);
    return true;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&resolver.address);
  if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(kDnsPort);
    resolver.size = sizeof(*v6);
    return true;
  }
  return false;
}

}  // namespace

sys::Ipv6 Resolver::mapped() const {
  if (address.ss_family == AF_INET) {
    return Mapped(
        sys::Ipv4{ntohl(reinterpret_cast<const sockaddr_in*>(&address)->sin_addr.s_addr)});
  }
  sys::Ipv6 result;
  std::memcpy(result.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr, 16);
  return result;
}

std::vector<Resolver> ResolversOf(const std::vector<std::string>& addresses) {
  std::vector<Resolver> resolvers;
  for (const std::string& address : addresses) {
    Resolver resolver;
    if (resolvers.size() < kMaxOfList && ParseResolver(address, resolver)) {
      resolvers.push_back(resolver);
    }
  }
  return resolvers;
}

std::vector<Resolver> ParseResolvers(absl::string_view text) {
  std::vector<Resolver> resolvers;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    Resolver resolver;
    if (words.size() >= 2 && words[0] == "nameserver" && resolvers.size() < kMaxOfFile &&
        ParseResolver(words[1], resolver)) {
      resolvers.push_back(resolver);
    }
  }
  return resolvers;
}

const std::vector<Resolver>& ResolvConf::resolvers() {
  struct stat info = {};
  if (::stat(path_.c_str(), &info) != 0) {
    resolvers_.clear();
    seen_ = {0, 0};
    return resolvers_;
  }
  const std::pair<uint64_t, int64_t> now = {
      info.st_ino, int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec};
  if (now == seen_) return resolvers_;
  absl::StatusOr<std::string> text = sys::ReadFile(path_, 1 << 16);
  resolvers_ = text.ok() ? ParseResolvers(*text) : std::vector<Resolver>();
  seen_ = now;
  return resolvers_;
}

}  // namespace pelagos::net
