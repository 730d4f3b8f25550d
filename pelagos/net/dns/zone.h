// The names of one network, as a file and as a value.
//
//   10.99.0.1/24                     the gateway, where pelagos-dns listens, and the prefix
//   web 10.99.0.2 shop-web           NAME ADDRESS OWNER, one line a name
//   - 10.99.0.3 shop-job             a container without a name there
//
// Owners tell pelagos-dns which containers are the same one in several networks. Names are compared
// without regard to case. Net writes the files (run/dns/NETWORK.names), pelagos-dns reads them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/sys/net/ipv4.h"

namespace pelagos::net {

inline constexpr absl::string_view kZoneFileEnding = ".names";

struct ZoneHost {
  sys::Ipv4 address;
  std::string owner;
  std::vector<std::string> names;

  friend bool operator==(const ZoneHost&, const ZoneHost&) = default;
};

struct Zone {
  sys::Ipv4 gateway;
  int prefix = 24;
  std::vector<ZoneHost> hosts;

  sys::Subnet subnet() const {
    sys::Subnet subnet{gateway, prefix};
    subnet.base.bits &= subnet.mask();
    return subnet;
  }
  friend bool operator==(const Zone&, const Zone&) = default;
};

// InvalidArgument for what cannot be a name: empty, over 253 bytes, a label over 63 bytes or empty,
// other characters than letters, digits, '-', '_' and '.'.
absl::Status CheckName(absl::string_view name);

std::string ToText(const Zone& zone);
// DataLoss for text that ToText cannot have written.
absl::StatusOr<Zone> ParseZone(absl::string_view text);

// All networks at once; made anew at each change.
class ZoneTable {
 public:
  explicit ZoneTable(std::vector<Zone> zones = {}) : zones_(std::move(zones)) {}

  const std::vector<Zone>& zones() const { return zones_; }
  // True if `asker` may ask at that gateway: it is of the gateway's subnet.
  bool MayAsk(sys::Ipv4 gateway, sys::Ipv4 asker) const;
  // The addresses of a name (lower case) in the networks of the asker, the gateway's network
  // first. Empty if it is unknown.
  std::vector<sys::Ipv4> Find(sys::Ipv4 gateway, sys::Ipv4 asker, absl::string_view name) const;
  // The first name of an address in the networks of the asker; empty if there is none.
  std::string FindName(sys::Ipv4 gateway, sys::Ipv4 asker, sys::Ipv4 address) const;
  // True if the address belongs to one of the asker's networks, whether somebody has it or not.
  bool Covers(sys::Ipv4 gateway, sys::Ipv4 asker, sys::Ipv4 address) const;

 private:
  std::vector<const Zone*> ZonesOf(sys::Ipv4 gateway, sys::Ipv4 asker) const;

  std::vector<Zone> zones_;
};

}  // namespace pelagos::net
