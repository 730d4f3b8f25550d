// Published ports: a TCP or UDP port of the host that leads to a port inside a container.
//
// A value. Ports are 1..65535. Source: the -p syntax of docker-run(1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos {

enum class Protocol : uint8_t { kTcp, kUdp };

constexpr absl::string_view NameOf(Protocol protocol) {
  return protocol == Protocol::kTcp ? "tcp" : "udp";
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

}  // namespace pelagos
