// Forwarding of IPv6, which is switched on only for what needs it, and put back with the last user.
//
// With net.ipv6.conf.all.forwarding=1 an interface with accept_ra=1 takes no router advertisements
// any more: a host that has its own address from them would lose it. So these interfaces get
// accept_ra=2 (also when forwarding) first. Interfaces that forward already have a value of their
// own, which writing to `all` and back would lose: it is remembered, too.
//
// What is changed is in the run root's HostRecord and, for the other run roots of this network
// namespace, in the set `forwarding6` of its table: "eth0" comment "accept_ra was 1". The last one
// puts it back.
//
// Source: ip-sysctl.rst of the kernel (forwarding, accept_ra). Requires, for all of it: Host::Lock.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/nftables.h"

namespace pelagos::net {

// Files below /proc/sys/net/ipv6/conf with their old values: "all/forwarding", "eth0/accept_ra".
using Ipv6Conf = std::map<std::string, std::string>;

// `known` and what else Forward6 would change now. Empty if the host forwards by itself.
// `filter` is a socket of NETLINK_NETFILTER, `table` the run root's. Unimplemented without IPv6.
absl::StatusOr<Ipv6Conf> ReadForwarding6(sys::NetlinkSocket& filter, const std::string& table,
                                         const Ipv6Conf& known);

// Puts it into the table, which has to be there, then into force. Can be repeated.
absl::Status Forward6(sys::NetlinkSocket& filter, const std::string& table, const Ipv6Conf& conf);

// For a table that is made anew.
void AddForwarding6Elements(sys::NftTransaction& change, const Ipv6Conf& conf);

// Puts the old values back, unless the table of another run root still needs forwarding. Interfaces
// that are gone, and values that somebody else changed since, are left alone.
absl::Status RestoreForwarding6(sys::NetlinkSocket& filter, const std::string& table,
                                const Ipv6Conf& conf);

}  // namespace pelagos::net
