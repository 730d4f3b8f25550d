// The names of one network, as files and as values.
//
//   RUN/dns/NETWORK/.zone   ZoneHead      gateway 10.99.0.1/24     where pelagos-dns listens
//                                         gateway6 fd00:1::1/64    the same, optional
//                                         internal                 asks nobody outside, optional
//                                         domain shop-net          NAME.shop-net is NAME, optional
//                                         resolver 9.9.9.9         upstream, any number
//   RUN/dns/NETWORK/OWNER   ZoneHost      address 10.99.0.2
//                                         address6 fd00:1::2       optional
//                                         name web                 any number
//                                         resolver 9.9.9.9         upstream, any number
//
// A file for each container, so that one that joins or leaves costs the same beside thousands.
// Owners tell pelagos-dns which containers are the same one in several networks. Net writes the
// files (zone_files.h), pelagos-dns reads them (zone_watch.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/sys/net/ipv4.h"
#include "pelagos/sys/net/ipv6.h"

namespace pelagos::net {

inline constexpr absl::string_view kZoneHeadFile = ".zone";

// A container in a network.
struct ZoneHost {
  sys::Ipv4 address;
  std::optional<sys::Ipv6> address6;
  std::string owner;                   // CheckOwner
  std::vector<std::string> names;      // CheckName; the first one is that of its address
  std::vector<std::string> resolvers;  // addresses; empty: those of the network

  friend bool operator==(const ZoneHost&, const ZoneHost&) = default;
};

// What all of a network share.
struct ZoneHead {
  sys::Ipv4 gateway;
  int prefix = 24;
  std::optional<sys::Ipv6> gateway6;
  int prefix6 = 64;
  bool internal = false;
  std::string domain;
  std::vector<std::string> resolvers;  // addresses; empty: those of the host

  sys::Subnet subnet() const;
  std::optional<sys::Subnet6> subnet6() const;
  friend bool operator==(const ZoneHead&, const ZoneHead&) = default;
};

// InvalidArgument for what cannot be a name: empty, over 253 bytes, a label over 63 bytes or empty,
// other characters than letters, digits, '-', '_' and '.'.
absl::Status CheckName(absl::string_view name);

// InvalidArgument for what cannot be a file of RUN/dns: empty, over 255 bytes, with a '/', a space
// or an unprintable byte, or with a '.' at its beginning. For owners and for NETWORK.
absl::Status CheckOwner(absl::string_view owner);

// The files' text. The owner is not in it, it is the file's name.
std::string ToText(const ZoneHead& head);
std::string ToText(const ZoneHost& host);

// DataLoss for text that ToText cannot have written.
absl::StatusOr<ZoneHead> ParseZoneHead(absl::string_view text);
absl::StatusOr<ZoneHost> ParseZoneHost(absl::string_view owner, absl::string_view text);

}  // namespace pelagos::net
