// The addresses of a host by its name.
//
//   an address in digits -> localhost -> /etc/hosts -> the servers of /etc/resolv.conf (A records)
//
// The C library's own resolver loads modules at run time, which a static program has not; nor is
// there a cache or a search list here: it is asked seldom, and for whole names.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pelagos::compose {

// An IPv4 or IPv6 address without a port.
struct HostAddress {
  sockaddr_storage address{};
  socklen_t size = 0;
  // The same with a port.
  HostAddress With(uint16_t port) const;
};

// An address in digits; nullopt: it is something else.
std::optional<HostAddress> ParseAddress(const std::string& text);

// The addresses of a name in the text of a hosts file, hosts(5).
std::vector<HostAddress> FindInHosts(absl::string_view hosts, absl::string_view name);

// The nameservers of a resolv.conf(5), with their port.
std::vector<HostAddress> ParseNameservers(absl::string_view resolv_conf, uint16_t port = 53);

// Asks each server, for `patience` each, until one answers. NotFound: the name does not exist.
absl::StatusOr<std::vector<HostAddress>> AskNameservers(const std::string& name,
                                                        const std::vector<HostAddress>& servers,
                                                        absl::Duration patience);

// All of it. At least one address, or why there is none.
absl::StatusOr<std::vector<HostAddress>> ResolveHost(const std::string& name);

}  // namespace pelagos::compose
