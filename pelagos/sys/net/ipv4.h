// IPv4 addresses and subnets as values, and their text.
//
// Source: RFC 4632 (CIDR). Written as the project writes them: dotted, no leading zeros, no short
// forms ("10.1" is refused, inet_aton(3) would take it).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace pelagos::sys {

// An address; `bits` is in host order, so that addresses can be counted.
struct Ipv4 {
  uint32_t bits = 0;

  friend constexpr auto operator<=>(Ipv4, Ipv4) = default;
};

inline std::string ToString(Ipv4 address) {
  return absl::StrCat(address.bits >> 24, ".", (address.bits >> 16) & 0xff, ".",
                      (address.bits >> 8) & 0xff, ".", address.bits & 0xff);
}

// A number of `text`: decimal digits only, no leading zero, at most `limit`.
inline bool ParseDecimal(absl::string_view text, uint32_t limit, uint32_t& value) {
  if (text.empty() || text.size() > 9 || (text.size() > 1 && text[0] == '0')) return false;
  value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  return value <= limit;
}

inline absl::StatusOr<Ipv4> ParseIpv4(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  Ipv4 address;
  bool good = parts.size() == 4;
  for (size_t i = 0; good && i < 4; ++i) {
    uint32_t part = 0;
    good = ParseDecimal(parts[i], 255, part);
    address.bits = (address.bits << 8) | part;
  }
  if (!good) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is no IPv4 address: expected four numbers, like 10.5.0.2"));
  }
  return address;
}

// A subnet: the first `prefix` bits of `base`. Prefix 0..32; the other bits of `base` are zero.
struct Subnet {
  Ipv4 base;
  int prefix = 32;

  constexpr uint32_t mask() const { return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix); }
  constexpr bool contains(Ipv4 address) const { return (address.bits & mask()) == base.bits; }
  constexpr bool overlaps(const Subnet& other) const {
    return contains(other.base) || other.contains(base);
  }
  constexpr Ipv4 broadcast() const { return {base.bits | ~mask()}; }

  friend constexpr bool operator==(const Subnet&, const Subnet&) = default;
};

inline std::string ToString(const Subnet& subnet) {
  return absl::StrCat(ToString(subnet.base), "/", subnet.prefix);
}

// "10.5.0.0/24". An address with bits behind the prefix ("10.5.0.1/24") is an error that says
// which subnet was probably meant.
inline absl::StatusOr<Subnet> ParseSubnet(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  uint32_t prefix = 0;
  if (parts.size() != 2 || !ParseDecimal(parts[1], 32, prefix)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is no subnet: expected ADDRESS/PREFIX, like 10.5.0.0/24"));
  }
  absl::StatusOr<Ipv4> base = ParseIpv4(parts[0]);
  if (!base.ok()) return base.status();
  Subnet subnet{*base, static_cast<int>(prefix)};
  subnet.base.bits &= subnet.mask();
  if (subnet.base != *base) {
    return absl::InvalidArgumentError(absl::StrCat("subnet '", text, "' has bits behind its prefix",
                                                   "; did you mean '", ToString(subnet), "'?"));
  }
  return subnet;
}

}  // namespace pelagos::sys
