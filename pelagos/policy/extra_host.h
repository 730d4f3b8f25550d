// Extra lines of /etc/hosts: as values, as people write them, and what is wrong with them.
//
// Source: docker-run(1), --add-host; hosts(5).
#pragma once

#include <arpa/inet.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/policy/name.h"

namespace pelagos {

struct ExtraHost {
  std::string name, address;  // of either family; kHostGateway: the host, as networks see it
  friend bool operator==(const ExtraHost&, const ExtraHost&) = default;
};

inline constexpr char kHostGateway[] = "host-gateway";
// Longer names no resolver takes (RFC 1035, 2.3.4).
inline constexpr size_t kMaxHostsNameLength = 253;

// "NAME:ADDRESS" or "NAME=ADDRESS"; an IPv6 address may stand in brackets. nullopt: there is no
// name, or no address.
inline std::optional<ExtraHost> ParseExtraHost(absl::string_view text) {
  const size_t separator = text.find_first_of(":=");
  if (separator == absl::string_view::npos || separator == 0) return std::nullopt;
  absl::string_view address = text.substr(separator + 1);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  if (address.empty()) return std::nullopt;
  return ExtraHost{std::string(text.substr(0, separator)), std::string(address)};
}

// A sentence, or "".
inline std::string ExtraHostProblem(const ExtraHost& host) {
  if (const absl::string_view problem = NameProblem(host.name, kMaxHostsNameLength);
      !problem.empty()) {
    return absl::StrCat("the name '", host.name, "' ", problem);
  }
  in6_addr address = {};  // in_addr is smaller
  const char* const text = host.address.c_str();
  const bool whole = host.address.find('\0') == std::string::npos;
  if (whole && (host.address == kHostGateway || ::inet_pton(AF_INET, text, &address) == 1 ||
                ::inet_pton(AF_INET6, text, &address) == 1)) {
    return "";
  }
  return absl::StrCat("'", host.address, "' is no address: expected IPv4, IPv6 or ", kHostGateway);
}

}  // namespace pelagos
