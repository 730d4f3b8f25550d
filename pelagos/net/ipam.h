// Which subnet: choices over values. The lock and the files are run_files.h's, addresses within a
// subnet address_map.h's.
//
// Source: RFC 1918 and RFC 5735 for what a subnet must not be; RFC 4193 for unique local ones.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

// Somebody who uses a subnet already, and how to call them in an error.
template <typename Subnet>
struct SubnetUser {
  Subnet subnet;
  std::string who;  // "network 'shop-front'", "a route through eth0"
};

struct SubnetUsers {
  std::vector<SubnetUser<sys::Subnet>> ipv4;
  std::vector<SubnetUser<sys::Subnet6>> ipv6;
};

template <typename Subnet>
const SubnetUser<Subnet>* FindOverlap(const Subnet& subnet,
                                      const std::vector<SubnetUser<Subnet>>& users) {
  for (const SubnetUser<Subnet>& user : users) {
    if (subnet.overlaps(user.subnet)) return &user;
  }
  return nullptr;
}

template <typename Subnet>
absl::Status CheckOverlap(const Subnet& subnet, const std::vector<SubnetUser<Subnet>>& users) {
  const SubnetUser<Subnet>* user = FindOverlap(subnet, users);
  if (user == nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("subnet ", sys::ToString(subnet), " overlaps ",
                                                    sys::ToString(user->subnet), " of ",
                                                    user->who));
}

// The subnet that a user asked for. InvalidArgument if no network can have it: a prefix outside of
// 8 to 29, loopback, multicast. FailedPrecondition if somebody has it, named.
inline absl::StatusOr<sys::Subnet> CheckSubnet(absl::string_view text,
                                               const std::vector<SubnetUser<sys::Subnet>>& users) {
  PELAGOS_ASSIGN_OR_RETURN(sys::Subnet subnet, sys::ParseSubnet(text));
  if (subnet.prefix < 8 || subnet.prefix > 29) {
    return absl::InvalidArgumentError(
        absl::StrCat("subnet ", text, ": the prefix has to lie between /8 and /29"));
  }
  const uint32_t first = subnet.base.bits >> 24;
  if (first == 0 || first == 127 || first >= 224) {
    return absl::InvalidArgumentError(
        absl::StrCat("subnet ", text,
                     " is reserved: take one of 10.0.0.0/8, 172.16.0.0/12 or "
                     "192.168.0.0/16"));
  }
  PELAGOS_RETURN_IF_ERROR(CheckOverlap(subnet, users));
  return subnet;
}

// The same of IPv6: a prefix of 8 to 120; not link-local, multicast or mapped IPv4.
inline absl::StatusOr<sys::Subnet6> CheckSubnet6(
    absl::string_view text, const std::vector<SubnetUser<sys::Subnet6>>& users) {
  PELAGOS_ASSIGN_OR_RETURN(sys::Subnet6 subnet, sys::ParseSubnet6(text));
  if (subnet.prefix < 8 || subnet.prefix > 120) {
    return absl::InvalidArgumentError(
        absl::StrCat("subnet ", text, ": the prefix has to lie between /8 and /120"));
  }
  const uint8_t first = subnet.base.bytes[0];
  const bool link_local = first == 0xfe && (subnet.base.bytes[1] & 0xc0) == 0x80;
  if (first == 0 || first == 0xff || link_local) {
    return absl::InvalidArgumentError(
        absl::StrCat("subnet ", text, " is reserved: take a part of fd00::/8, or one of your own"));
  }
  PELAGOS_RETURN_IF_ERROR(CheckOverlap(subnet, users));
  return subnet;
}

// The first subnet of that prefix in the pools that overlaps nobody. A prefix of 8 to 29, no
// shorter than a pool's.
inline absl::StatusOr<sys::Subnet> PickSubnet(const std::vector<sys::Subnet>& pools, int prefix,
                                              const std::vector<SubnetUser<sys::Subnet>>& users) {
  const uint32_t step = uint32_t{1} << (32 - prefix);
  std::string all;
  for (const sys::Subnet& pool : pools) {
    absl::StrAppend(&all, all.empty() ? "" : ", ", sys::ToString(pool));
    for (sys::Subnet subnet{pool.base, prefix}; pool.contains(subnet.base);) {
      const SubnetUser<sys::Subnet>* user = FindOverlap(subnet, users);
      if (user == nullptr) return subnet;
      // A wide one is skipped whole; the end may be that of all addresses.
      const uint32_t end = std::max(user->subnet.broadcast().bits, subnet.broadcast().bits);
      if (end >= pool.broadcast().bits) break;
      subnet.base.bits = (end & ~(step - 1)) + step;
    }
  }
  return absl::ResourceExhaustedError(absl::StrCat("no free subnet /", prefix, " is left in ", all,
                                                   "; remove a network, or give one a subnet"));
}

// A unique local /64 that follows from `seed`, or else from it and a number, which nobody has.
inline absl::StatusOr<sys::Subnet6> PickSubnet6(
    const std::function<uint64_t(int attempt)>& seed,
    const std::vector<SubnetUser<sys::Subnet6>>& users) {
  constexpr int kAttempts = 64;
  constexpr uint8_t kUniqueLocal = 0xfd;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    sys::Subnet6 subnet{{}, 64};
    subnet.base.bytes[0] = kUniqueLocal;
    const uint64_t bits = seed(attempt);
    for (size_t i = 1; i < 8; ++i) subnet.base.bytes[i] = static_cast<uint8_t>(bits >> (8 * i));
    if (FindOverlap(subnet, users) == nullptr) return subnet;
  }
  return absl::ResourceExhaustedError("no free subnet is left in fd00::/8");
}

}  // namespace pelagos::net
