// Published ports: a TCP or UDP port of the host that leads to a port inside a container.
//
// A value. Ports are 1..65535. Source: the -p syntax of docker-run(1).
#pragma once

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

// One row: host_address:host -> inside. "0.0.0.0" stands for every address of the host.
struct PortMapping {
  std::string host_address = std::string(kLoopbackAddress);  // dotted IPv4
  uint16_t host = 0;
  uint16_t inside = 0;
  Protocol protocol = Protocol::kTcp;

  friend bool operator==(const PortMapping&, const PortMapping&) = default;
};

// A port known at compile time: Port<8080>; Port<0> and Port<70000> do not compile.
template <int kNumber>
requires(kNumber >= 1 &&
         kNumber <= 65535) inline constexpr uint16_t Port = static_cast<uint16_t>(kNumber);

// True if both claim the same port of the same address of the host.
constexpr bool Overlap(const PortMapping& a, const PortMapping& b) {
  return a.host == b.host && a.protocol == b.protocol &&
         (a.host_address == b.host_address || a.host_address == "0.0.0.0" ||
          b.host_address == "0.0.0.0");
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

// "8080:80", "127.0.0.1:8080:80", "0.0.0.0:53:53/udp"; nullopt if it is nothing of the kind.
inline std::optional<PortMapping> ParsePortMapping(absl::string_view text) {
  PortMapping mapping;
  if (const size_t slash = text.find('/'); slash != absl::string_view::npos) {
    const std::optional<Protocol> protocol = FindProtocol(text.substr(slash + 1));
    if (!protocol) return std::nullopt;
    mapping.protocol = *protocol;
    text = text.substr(0, slash);
  }
  const size_t last = text.rfind(':');
  if (last == absl::string_view::npos) return std::nullopt;
  const std::optional<uint16_t> inside = ParsePort(text.substr(last + 1));
  text = text.substr(0, last);
  if (const size_t colon = text.rfind(':'); colon != absl::string_view::npos) {
    mapping.host_address = std::string(text.substr(0, colon));
    if (!ParseIpv4(mapping.host_address)) return std::nullopt;
    text = text.substr(colon + 1);
  }
  const std::optional<uint16_t> host = ParsePort(text);
  if (!host || !inside) return std::nullopt;
  mapping.host = *host;
  mapping.inside = *inside;
  return mapping;
}

// "127.0.0.1:8080 -> 80/tcp"
inline std::string Describe(const PortMapping& port) {
  return port.host_address + ":" + std::to_string(port.host) + " -> " +
         std::to_string(port.inside) + "/" + std::string(NameOf(port.protocol));
}

}  // namespace pelagos
