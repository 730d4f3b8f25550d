#include "pelagos/net/dns/zone.h"

#include <functional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/status_macros.h"

namespace pelagos::net {
namespace {

// One line: true if the key is known and its value is good.
using OnLine = std::function<bool(absl::string_view key, absl::string_view value)>;

absl::Status ReadLines(absl::string_view text, absl::string_view what, const OnLine& on_line) {
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    const size_t space = std::min(line.find(' '), line.size());
    const absl::string_view value = space == line.size() ? "" : line.substr(space + 1);
    if (on_line(line.substr(0, space), value)) continue;
    return absl::DataLossError(absl::StrCat(what, ": line ", number, ", '", line, "'"));
  }
  return absl::OkStatus();
}

template <typename Address, typename Parsed>
bool Read(absl::StatusOr<Parsed> parsed, Address& address) {
  if (parsed.ok()) address = *parsed;
  return parsed.ok();
}

bool ReadPrefix(absl::string_view text, uint32_t limit, int& prefix) {
  uint32_t value = 0;
  if (!sys::ParseDecimal(text, limit, value)) return false;
  prefix = static_cast<int>(value);
  return true;
}

bool ReadResolver(absl::string_view text, std::vector<std::string>& resolvers) {
  if (!sys::ParseIpv4(text).ok() && !sys::ParseIpv6(text).ok()) return false;
  resolvers.emplace_back(text);
  return true;
}

bool ReadName(absl::string_view text, std::vector<std::string>& names) {
  if (!CheckName(text).ok()) return false;
  names.emplace_back(text);
  return true;
}

}  // namespace

sys::Subnet ZoneHead::subnet() const {
  sys::Subnet subnet{gateway, prefix};
  subnet.base.bits &= subnet.mask();
  return subnet;
}

std::optional<sys::Subnet6> ZoneHead::subnet6() const {
  if (!gateway6) return std::nullopt;
  sys::Subnet6 subnet{*gateway6, prefix6};
  for (int bit = prefix6; bit < 128; ++bit) {
    subnet.base.bytes[static_cast<size_t>(bit / 8)] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
  }
  return subnet;
}

absl::Status CheckName(absl::string_view name) {
  bool good = !name.empty() && name.size() <= 253;
  for (absl::string_view label : absl::StrSplit(name, '.')) {
    good = good && !label.empty() && label.size() <= 63 && label != "-";
    for (char c : label) good = good && (absl::ascii_isalnum(c) || c == '-' || c == '_');
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("'", name, "' cannot be a name on a network"));
}

absl::Status CheckOwner(absl::string_view owner) {
  bool good = !owner.empty() && owner.size() <= 255 && owner[0] != '.';
  for (char c : owner) {
    const auto byte = static_cast<unsigned char>(c);
    good = good && c != '/' && (absl::ascii_isgraph(byte) || byte >= 0x80);
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("'", owner, "' cannot be a file of a network's names"));
}

std::string ToText(const ZoneHead& head) {
  std::string text = absl::StrCat("gateway ", sys::ToString(head.gateway), "/", head.prefix, "\n");
  if (head.gateway6) {
    absl::StrAppend(&text, "gateway6 ", sys::ToString(*head.gateway6), "/", head.prefix6, "\n");
  }
  if (head.internal) absl::StrAppend(&text, "internal\n");
  if (!head.domain.empty()) absl::StrAppend(&text, "domain ", head.domain, "\n");
  for (const std::string& one : head.resolvers) absl::StrAppend(&text, "resolver ", one, "\n");
  return text;
}

std::string ToText(const ZoneHost& host) {
  std::string text = absl::StrCat("address ", sys::ToString(host.address), "\n");
  if (host.address6) absl::StrAppend(&text, "address6 ", sys::ToString(*host.address6), "\n");
  for (const std::string& name : host.names) absl::StrAppend(&text, "name ", name, "\n");
  for (const std::string& one : host.resolvers) absl::StrAppend(&text, "resolver ", one, "\n");
  return text;
}

absl::StatusOr<ZoneHead> ParseZoneHead(absl::string_view text) {
  ZoneHead head;
  bool gateway = false;
  const auto on_line = [&](absl::string_view key, absl::string_view value) {
    const size_t slash = std::min(value.find('/'), value.size());
    const absl::string_view address = value.substr(0, slash);
    const absl::string_view prefix = slash == value.size() ? "" : value.substr(slash + 1);
    if (key == "gateway") {
      gateway = Read(sys::ParseIpv4(address), head.gateway) && ReadPrefix(prefix, 32, head.prefix);
      return gateway;
    }
    if (key == "gateway6") {
      return Read(sys::ParseIpv6(address), head.gateway6) && ReadPrefix(prefix, 128, head.prefix6);
    }
    if (key == "internal") return head.internal = value.empty();
    if (key == "domain") return !(head.domain = std::string(value)).empty();
    return key == "resolver" && ReadResolver(value, head.resolvers);
  };
  PELAGOS_RETURN_IF_ERROR(ReadLines(text, "names of a network", on_line));
  if (!gateway) return absl::DataLossError("names of a network: no gateway");
  return head;
}

absl::StatusOr<ZoneHost> ParseZoneHost(absl::string_view owner, absl::string_view text) {
  ZoneHost host;
  host.owner = std::string(owner);
  bool address = false;
  const auto on_line = [&](absl::string_view key, absl::string_view value) {
    if (key == "address") return address = Read(sys::ParseIpv4(value), host.address);
    if (key == "address6") return Read(sys::ParseIpv6(value), host.address6);
    if (key == "name") return ReadName(value, host.names);
    return key == "resolver" && ReadResolver(value, host.resolvers);
  };
  PELAGOS_RETURN_IF_ERROR(ReadLines(text, "names of a container", on_line));
  if (!address) return absl::DataLossError("names of a container: no address");
  return host;
}

}  // namespace pelagos::net
