// IPv4 addresses as IPv6 ones, so that there is one kind of address.
//
// Source: RFC 4291 section 2.5.5.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

// ::ffff:a.b.c.d, and back.
constexpr sys::Ipv6 Mapped(sys::Ipv4 address) {
  sys::Ipv6 mapped;
  mapped.bytes[10] = mapped.bytes[11] = 0xff;
  for (size_t i = 0; i < 4; ++i) {
    mapped.bytes[12 + i] = static_cast<uint8_t>(address.bits >> (24 - 8 * i));
  }
  return mapped;
}
constexpr std::optional<sys::Ipv4> Unmapped(const sys::Ipv6& address) {
  const auto& bytes = address.bytes;
  for (size_t i = 0; i < 10; ++i) {
    if (bytes[i] != 0) return std::nullopt;
  }
  if (bytes[10] != 0xff || bytes[11] != 0xff) return std::nullopt;
  return sys::Ipv4{uint32_t{bytes[12]} << 24 | uint32_t{bytes[13]} << 16 |
                   uint32_t{bytes[14]} << 8 | bytes[15]};
}

}  // namespace pelagos::net
