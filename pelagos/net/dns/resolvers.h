// The name servers of others, that pelagos-dns asks.
//
// Source: resolv.conf(5).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

// The address of a resolver, IPv4 or IPv6, port 53.
struct Resolver {
  sockaddr_storage address{};
  socklen_t size = 0;

  sys::Ipv6 mapped() const;  // IPv4: mapped
};

// Of addresses; what is none is left out.
std::vector<Resolver> ResolversOf(const std::vector<std::string>& addresses);

// The `nameserver` lines of a resolv.conf; at most three, as glibc. Lines that are no addresses
// are left out.
std::vector<Resolver> ParseResolvers(absl::string_view text);

// The resolvers of a file; read again when it is another one: a laptop changes networks.
class ResolvConf {
 public:
  explicit ResolvConf(std::string path) : path_(std::move(path)) {}

  // Empty if there is no such file.
  const std::vector<Resolver>& resolvers();

 private:
  std::string path_;
  std::vector<Resolver> resolvers_;
  std::pair<uint64_t, int64_t> seen_ = {0, 0};  // inode and time of change
};

}  // namespace pelagos::net
