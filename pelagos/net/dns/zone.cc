#include "pelagos/net/dns/zone.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::net {
namespace {

absl::Status ParseGateway(absl::string_view line, Zone& zone) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, '/');
  uint32_t prefix = 0;
  if (parts.size() != 2 || !sys::ParseDecimal(parts[1], 32, prefix)) {
    return absl::DataLossError(absl::StrCat("'", line, "' is no GATEWAY/PREFIX"));
  }
  PELAGOS_ASSIGN_OR_RETURN(zone.gateway, sys::ParseIpv4(parts[0]));
  zone.prefix = static_cast<int>(prefix);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckName(absl::string_view name) {
  bool good = !name.empty() && name.size() <= 253;
  for (absl::string_view label : absl::StrSplit(name, '.')) {
    good = good && !label.empty() && label.size() <= 63 && label != "-";
    for (char c : label) good = good && (absl::ascii_isalnum(c) || c == '-' || c == '_');
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("'", name, "' cannot be a name on a network"));
}

std::string ToText(const Zone& zone) {
  std::string text = absl::StrCat(sys::ToString(zone.gateway), "/", zone.prefix, "\n");
  for (const ZoneHost& host : zone.hosts) {
    const std::string rest = absl::StrCat(" ", sys::ToString(host.address), " ", host.owner, "\n");
    for (const std::string& name : host.names) absl::StrAppend(&text, name, rest);
    if (host.names.empty()) absl::StrAppend(&text, "-", rest);
  }
  return text;
}

absl::StatusOr<Zone> ParseZone(absl::string_view text) {
  Zone zone;
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  if (lines.empty()) return absl::DataLossError("names of a network: the file is empty");
  PELAGOS_RETURN_IF_ERROR(ParseGateway(lines[0], zone), "names of a network");
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::vector<absl::string_view> fields = absl::StrSplit(lines[i], absl::MaxSplits(' ', 2));
    absl::StatusOr<sys::Ipv4> address =
        fields.size() == 3 ? sys::ParseIpv4(fields[1]) : absl::DataLossError("three fields");
    if (!address.ok()) {
      return absl::DataLossError(
          absl::StrCat("names of a network: line ", i + 1, " is no NAME ADDRESS OWNER"));
    }
    if (zone.hosts.empty() || zone.hosts.back().address != *address) {
      zone.hosts.push_back({*address, std::string(fields[2]), {}});
    }
    if (fields[0] != "-") zone.hosts.back().names.emplace_back(fields[0]);
  }
  return zone;
}

bool ZoneTable::MayAsk(sys::Ipv4 gateway, sys::Ipv4 asker) const {
  for (const Zone& zone : zones_) {
    if (zone.gateway == gateway && zone.subnet().contains(asker)) return true;
  }
  return false;
}

std::vector<const Zone*> ZoneTable::ZonesOf(sys::Ipv4 gateway, sys::Ipv4 asker) const {
  std::vector<const Zone*> found;
  absl::string_view owner;
  for (const Zone& zone : zones_) {
    if (zone.gateway != gateway) continue;
    found.push_back(&zone);
    for (const ZoneHost& host : zone.hosts) {
      if (host.address == asker) owner = host.owner;
    }
  }
  if (owner.empty()) return found;
  for (const Zone& zone : zones_) {
    if (zone.gateway == gateway) continue;
    for (const ZoneHost& host : zone.hosts) {
      if (host.owner == owner) {
        found.push_back(&zone);
        break;
      }
    }
  }
  return found;
}

std::vector<sys::Ipv4> ZoneTable::Find(sys::Ipv4 gateway, sys::Ipv4 asker,
                                       absl::string_view name) const {
  std::vector<sys::Ipv4> addresses;
  for (const Zone* zone : ZonesOf(gateway, asker)) {
    for (const ZoneHost& host : zone->hosts) {
      for (const std::string& candidate : host.names) {
        if (absl::EqualsIgnoreCase(candidate, name)) {
          addresses.push_back(host.address);
          break;
        }
      }
    }
  }
  return addresses;
}

std::string ZoneTable::FindName(sys::Ipv4 gateway, sys::Ipv4 asker, sys::Ipv4 address) const {
  for (const Zone* zone : ZonesOf(gateway, asker)) {
    for (const ZoneHost& host : zone->hosts) {
      if (host.address == address && !host.names.empty()) return host.names[0];
    }
  }
  return "";
}

bool ZoneTable::Covers(sys::Ipv4 gateway, sys::Ipv4 asker, sys::Ipv4 address) const {
  for (const Zone* zone : ZonesOf(gateway, asker)) {
    if (zone->subnet().contains(address)) return true;
  }
  return false;
}

}  // namespace pelagos::net
