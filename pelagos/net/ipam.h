// Which subnet, which address: choices over values. The lock and the files are run_files.h's.
//
// Source: RFC 1918 and RFC 5735 for what a subnet must not be.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/record.h"
#include "pelagos/sys/net/ipv4.h"

namespace pelagos::net {

// Somebody who uses a subnet already, and how to call them in an error.
struct SubnetUser {
  sys::Subnet subnet;
  std::string who;  // "network 'shop-front'", "a route through eth0"
};

inline const SubnetUser* FindOverlap(const sys::Subnet& subnet,
                                     const std::vector<SubnetUser>& users) {
  for (const SubnetUser& user : users) {
    if (subnet.overlaps(user.subnet)) return &user;
  }
  return nullptr;
}

// The subnet that a user asked for. InvalidArgument if no bridge can have it: a prefix outside of 8
// to 29, loopback, multicast. FailedPrecondition if somebody has it, named.
inline absl::StatusOr<sys::Subnet> CheckSubnet(absl::string_view text,
                                               const std::vector<SubnetUser>& users) {
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
  if (const SubnetUser* user = FindOverlap(subnet, users)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "subnet ", text, " overlaps ", sys::ToString(user->subnet), " of ", user->who));
  }
  return subnet;
}

// The first /24 of the pool that overlaps nobody.
inline absl::StatusOr<sys::Subnet> PickSubnet(const sys::Subnet& pool,
                                              const std::vector<SubnetUser>& users) {
  constexpr int kPrefix = 24;
  constexpr uint32_t kStep = uint32_t{1} << (32 - kPrefix);
  sys::Subnet subnet{pool.base, kPrefix};
  for (; pool.contains(subnet.base); subnet.base.bits += kStep) {
    if (FindOverlap(subnet, users) == nullptr) return subnet;
    if (subnet.broadcast() == pool.broadcast()) break;  // may be the end of all addresses
  }
  return absl::ResourceExhaustedError(absl::StrCat("no free subnet is left in ",
                                                   sys::ToString(pool),
                                                   "; remove a network, or give one a :subnet"));
}

// The lowest address of the network that nobody leases; the first is the gateway's, the last the
// broadcast address. An owner who has one keeps it.
inline absl::StatusOr<sys::Ipv4> PickAddress(const NetworkRecord& record, absl::string_view owner) {
  const uint32_t size = ~record.subnet.mask();  // without the network's own address
  // One more lease than addresses cannot be, so this many bits are enough.
  std::vector<bool> used(std::min<size_t>(size, record.leases.size() + 2) + 1);
  for (const Lease& lease : record.leases) {
    if (lease.owner == owner) return lease.address;
    const uint32_t offset = lease.address.bits - record.subnet.base.bits;
    if (offset < used.size()) used[offset] = true;
  }
  for (uint32_t offset = 2; offset < size && offset < used.size(); ++offset) {
    if (!used[offset]) return sys::Ipv4{record.subnet.base.bits + offset};
  }
  return absl::ResourceExhaustedError(absl::StrCat("network '", record.name, "': all addresses of ",
                                                   sys::ToString(record.subnet), " are in use"));
}

}  // namespace pelagos::net
