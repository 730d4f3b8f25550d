// IPv6 addresses and subnets as values, and their text.
//
// Source: RFC 4291 (addresses), RFC 5952 (how they are written), RFC 4193 (unique local ones).
#pragma once

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pelagos::sys {

// An address; `bytes` is in network order, as the kernel has it.
struct Ipv6 {
  std::array<uint8_t, 16> bytes{};

  friend constexpr auto operator<=>(const Ipv6&, const Ipv6&) = default;
};

// As RFC 5952 wants it: lower case, the longest run of zeros as "::".
inline std::string ToString(const Ipv6& address) {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET6, address.bytes.data(), text, sizeof(text));
  return text;
}

// Without brackets and without a zone ("%eth0").
inline absl::StatusOr<Ipv6> ParseIpv6(absl::string_view text) {
  Ipv6 address;
  // What is longer is no address, and a NUL would end it early.
  if (text.size() < INET6_ADDRSTRLEN && text.find('\0') == absl::string_view::npos &&
      ::inet_pton(AF_INET6, std::string(text).c_str(), address.bytes.data()) == 1) {
    return address;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", text, "' is no IPv6 address: expected one like fd00:1::2"));
}

// The address `offset` behind this one, counted in the last 64 bits, which wrap.
inline Ipv6 Add(const Ipv6& address, uint64_t offset) {
  Ipv6 sum = address;
  for (size_t i = 16; i-- > 8;) {
    offset += sum.bytes[i];
    sum.bytes[i] = static_cast<uint8_t>(offset);
    offset >>= 8;
  }
  return sum;
}

// A subnet: the first `prefix` bits of `base`. Prefix 0..128; the other bits of `base` are zero.
struct Subnet6 {
  Ipv6 base;
  int prefix = 128;

  constexpr bool contains(const Ipv6& address) const {
    for (int bit = 0; bit < prefix; bit += 8) {
      const int rest = prefix - bit;
      const int mask = rest >= 8 ? 0xff : 0xff << (8 - rest) & 0xff;
      const size_t at = static_cast<size_t>(bit / 8);
      if ((address.bytes[at] & mask) != base.bytes[at]) return false;
    }
    return true;
  }
  constexpr bool overlaps(const Subnet6& other) const {
    return prefix <= other.prefix ? contains(other.base) : other.contains(base);
  }

  friend constexpr bool operator==(const Subnet6&, const Subnet6&) = default;
};

inline std::string ToString(const Subnet6& subnet) {
  return absl::StrCat(ToString(subnet.base), "/", subnet.prefix);
}

// "fd00:1::/64". An address with bits behind the prefix is an error that says which subnet was
// probably meant.
inline absl::StatusOr<Subnet6> ParseSubnet6(absl::string_view text) {
  const size_t slash = text.find('/');
  const absl::string_view digits =
      slash == absl::string_view::npos ? absl::string_view() : text.substr(slash + 1);
  uint32_t prefix = 0;
  if (digits.empty() || digits.size() > 3 || !absl::SimpleAtoi(digits, &prefix) || prefix > 128 ||
      digits[0] == '+' || (digits.size() > 1 && digits[0] == '0')) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is no IPv6 subnet: expected ADDRESS/PREFIX, like fd00:1::/64"));
  }
  absl::StatusOr<Ipv6> base = ParseIpv6(text.substr(0, slash));
  if (!base.ok()) return base.status();
  Subnet6 subnet{*base, static_cast<int>(prefix)};
  for (int bit = 0; bit < 128; ++bit) {
    if (bit >= subnet.prefix) {
      subnet.base.bytes[static_cast<size_t>(bit / 8)] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
    }
  }
  if (subnet.base != *base) {
    return absl::InvalidArgumentError(absl::StrCat("subnet '", text, "' has bits behind its prefix",
                                                   "; did you mean '", ToString(subnet), "'?"));
  }
  return subnet;
}

}  // namespace pelagos::sys
