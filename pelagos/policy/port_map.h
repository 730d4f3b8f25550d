// Published ports: a TCP or UDP port of the host that leads to a port inside a container.
//
// A value. Ports are 1..65535. Source: the -p syntax of docker-run(1), with one difference: without
// an address a port is for the host itself (127.0.0.1), not for the world.
#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/policy/cidr.h"

namespace pelagos {

enum class Protocol : uint8_t { kTcp, kUdp };

constexpr absl::string_view NameOf(Protocol protocol) {
  return protocol == Protocol::kTcp ? "tcp" : "udp";
}

constexpr std::optional<Protocol> FindProtocol(absl::string_view name) {
  if (name == "tcp") return Protocol::kTcp;
  if (name == "udp") return Protocol::kUdp;
  return std::nullopt;
}

inline constexpr absl::string_view kLoopbackAddress = "127.0.0.1";
inline constexpr absl::string_view kAnyIpv4 = "0.0.0.0";
inline constexpr absl::string_view kAnyIpv6 = "::";

// One row: host_address:host -> inside. kAnyIpv4 and kAnyIpv6 stand for every address of the host
// of that family.
struct PortMapping {
  std::string host_address = std::string(kLoopbackAddress);  // IPv4, or IPv6 without brackets
  uint16_t host = 0;  // 0: a free one, chosen at each start of the container
  uint16_t inside = 0;
  Protocol protocol = Protocol::kTcp;
  uint16_t host_last = 0;  // not 0: the first free one of host..host_last

  // What `host` says is what it will be.
  constexpr bool fixed() const { return host != 0 && host_last == 0; }
  friend bool operator==(const PortMapping&, const PortMapping&) = default;
};

// A port known at compile time: Port<8080>; Port<0> and Port<70000> do not compile.
template <int kNumber>
requires(kNumber >= 1 &&
         kNumber <= 65535) inline constexpr uint16_t Port = static_cast<uint16_t>(kNumber);

constexpr bool IsIpv6Text(absl::string_view address) {
  for (char c : address) {
    if (c == ':') return true;
  }
  return false;
}

// How far a published port can be seen from.
enum class Exposure : uint8_t {
  kLoopback,  // processes of the host alone
  kLan,       // who reaches a private address of the host
  kWorld,     // who reaches any, or a public, address of the host
};

constexpr absl::string_view NameOf(Exposure exposure) {
  switch (exposure) {
    case Exposure::kLoopback:
      return "loopback";
    case Exposure::kLan:
      return "LAN";
    case Exposure::kWorld:
      break;
  }
  return "world";
}

// Of an address as PortMapping has it. Private: RFC 1918, RFC 6598, RFC 3927 (link local), RFC 4193
// and fe80::/10.
inline Exposure ExposureOf(const std::string& address) {
  if (const std::optional<uint32_t> ipv4 = ParseIpv4(address)) {
    if (*ipv4 >> 24 == 127) return Exposure::kLoopback;
    constexpr Cidr kPrivate[] = {
        {0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}, {0x64400000, 10}, {0xa9fe0000, 16}};
    for (const Cidr& subnet : kPrivate) {
      if (subnet.contains(*ipv4)) return Exposure::kLan;
    }
    return Exposure::kWorld;
  }
  in6_addr ipv6 = {};
  if (::inet_pton(AF_INET6, address.c_str(), &ipv6) != 1) return Exposure::kWorld;
  if (IN6_IS_ADDR_LOOPBACK(&ipv6)) return Exposure::kLoopback;
  const bool local = (ipv6.s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(&ipv6);
  return local ? Exposure::kLan : Exposure::kWorld;
}

// True if both claim the same port of the same address of the host, for certain.
constexpr bool Overlap(const PortMapping& a, const PortMapping& b) {
  if (!a.fixed() || !b.fixed() || a.host != b.host || a.protocol != b.protocol) return false;
  if (a.host_address == b.host_address) return true;
  const bool same_family = IsIpv6Text(a.host_address) == IsIpv6Text(b.host_address);
  const absl::string_view any = IsIpv6Text(a.host_address) ? kAnyIpv6 : kAnyIpv4;
  return same_family && (a.host_address == any || b.host_address == any);
}

// The first pair of mappings that cannot live together: the index of the later, or -1.
constexpr int FirstOverlap(const std::vector<PortMapping>& ports) {
  for (size_t i = 1; i < ports.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (Overlap(ports[i], ports[j])) return static_cast<int>(i);
    }
  }
  return -1;
}

// "8080", 1..65535, decimal digits only.
constexpr std::optional<uint16_t> ParsePort(absl::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  uint32_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  if (value < 1 || value > 65535) return std::nullopt;
  return static_cast<uint16_t>(value);
}

// An address of the host as people write it: IPv4, or IPv6 with or without brackets. The value is
// as PortMapping has it (RFC 5952 for IPv6); nullopt if it is none.
std::optional<std::string> ParseHostAddress(absl::string_view text);

// "[ADDRESS:][HOST[-LAST]:]INSIDE[-LAST][/tcp|udp]", an IPv6 address in brackets: "8080:80",
// "127.0.0.1:8080:80", "[::1]:8080:80", "80" and "0.0.0.0::80" (a free port of the host),
// "8000-8003:80-83" (four of them), "8000-8003:80" (the first free one). nullopt if it is nothing
// of the kind; never an empty list.
std::optional<std::vector<PortMapping>> ParsePortMappings(absl::string_view text);

// One that is fixed, "8080:80" and "ADDRESS:8080:80/udp"; nullopt for anything else.
inline std::optional<PortMapping> ParsePortMapping(absl::string_view text) {
  std::optional<std::vector<PortMapping>> ports = ParsePortMappings(text);
  if (!ports || ports->size() != 1 || !ports->front().fixed()) return std::nullopt;
  return std::move(ports->front());
}

// "127.0.0.1:8080", "[::1]:8080"; "127.0.0.1:8000-8003" and "127.0.0.1:any" for what is not fixed.
inline std::string HostSide(const PortMapping& port) {
  std::string text =
      IsIpv6Text(port.host_address) ? "[" + port.host_address + "]" : port.host_address;
  text += port.host == 0 ? ":any" : ":" + std::to_string(port.host);
  return port.host_last == 0 ? text : text + "-" + std::to_string(port.host_last);
}

// "127.0.0.1:8080 -> 80/tcp"
inline std::string Describe(const PortMapping& port) {
  return HostSide(port) + " -> " + std::to_string(port.inside) + "/" +
         std::string(NameOf(port.protocol));
}

}  // namespace pelagos
