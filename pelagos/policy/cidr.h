// IPv4 addresses and subnets as values.
//
// Source: RFC 4632 (CIDR notation). Four decimal parts, no leading zeros (inet_pton(3)); the
// shorthand forms of inet_aton(3) are not taken. A network of ours is /8 to /30: below that no
// address is left for a container.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

// In host byte order: 127.0.0.1 is 0x7f000001.
constexpr std::optional<uint32_t> ParseIpv4(absl::string_view text) {
  uint32_t address = 0;
  size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (at >= text.size() || text[at] != '.') return std::nullopt;
      ++at;
    }
    uint32_t value = 0;
    const size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - begin < 3) {
      value = value * 10 + static_cast<uint32_t>(text[at++] - '0');
    }
    const size_t digits = at - begin;
    if (digits == 0 || value > 255 || (digits > 1 && text[begin] == '0')) return std::nullopt;
    address = address << 8 | value;
  }
  if (at != text.size()) return std::nullopt;
  return address;
}

inline std::string Ipv4Text(uint32_t address) {
  return std::to_string(address >> 24) + "." + std::to_string(address >> 16 & 255) + "." +
         std::to_string(address >> 8 & 255) + "." + std::to_string(address & 255);
}

struct Cidr {
  static constexpr int kShortestPrefix = 8;
  static constexpr int kLongestPrefix = 30;

  uint32_t address = 0;  // of the network itself: no bit below the prefix
  int prefix = kLongestPrefix;

  constexpr uint32_t mask() const { return ~uint32_t{0} << (32 - prefix); }
  constexpr bool contains(uint32_t other) const { return (other & mask()) == address; }
  std::string text() const { return Ipv4Text(address) + "/" + std::to_string(prefix); }
  friend constexpr bool operator==(const Cidr&, const Cidr&) = default;
};

constexpr bool Overlap(const Cidr& a, const Cidr& b) {
  return a.contains(b.address) || b.contains(a.address);
}

namespace internal {

// "10.5.0.1/24" with any prefix of 1 to 32 and any host bits.
constexpr std::optional<Cidr> ParseAnyCidr(absl::string_view text) {
  size_t slash = 0;
  while (slash < text.size() && text[slash] != '/') ++slash;
  const std::optional<uint32_t> address = ParseIpv4(text.substr(0, slash));
  if (!address || slash == text.size()) return std::nullopt;
  const absl::string_view digits = text.substr(slash + 1);
  if (digits.empty() || digits.size() > 2 || digits[0] == '0') return std::nullopt;
  int prefix = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    prefix = prefix * 10 + (c - '0');
  }
  if (prefix > 32) return std::nullopt;
  return Cidr{*address, prefix};
}

}  // namespace internal

// Why `text` cannot be a network's subnet, as the end of a sentence, or "".
constexpr absl::string_view SubnetProblem(absl::string_view text) {
  const std::optional<Cidr> cidr = internal::ParseAnyCidr(text);
  if (!cidr) return "must be an IPv4 subnet such as 10.5.0.0/24";
  if (cidr->prefix < Cidr::kShortestPrefix || cidr->prefix > Cidr::kLongestPrefix) {
    return "must have a prefix of /8 to /30";
  }
  if (!cidr->contains(cidr->address)) return "has bits set beyond its prefix";
  return "";
}

// The subnet, or nullopt if it has a SubnetProblem.
constexpr std::optional<Cidr> ParseSubnet(absl::string_view text) {
  if (!SubnetProblem(text).empty()) return std::nullopt;
  return internal::ParseAnyCidr(text);
}

// A subnet known at compile time: "10.5.0.0/24"_subnet; "10.5.0.1/24"_subnet does not compile.
void NotASubnet();  // never defined: having to call it is the compile error
consteval Cidr operator""_subnet(const char* text, size_t size) {
  const std::optional<Cidr> cidr = ParseSubnet({text, size});
  if (!cidr) NotASubnet();
  return *cidr;
}

}  // namespace pelagos
