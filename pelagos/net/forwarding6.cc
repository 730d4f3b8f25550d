#include "pelagos/net/forwarding6.h"

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/net/names.h"
#include "pelagos/net/ruleset.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/nftables_list.h"

namespace pelagos::net {
namespace {

constexpr char kFolder[] = "/proc/sys/net/ipv6/conf";
constexpr absl::string_view kAllForwarding = "all/forwarding";
constexpr absl::string_view kForwarding = "forwarding";
constexpr absl::string_view kAcceptRa = "accept_ra";
constexpr absl::string_view kWas = " was ";

// The interface and the value's name of "eth0/accept_ra".
std::pair<absl::string_view, absl::string_view> Split(absl::string_view file) {
  const size_t slash = file.rfind('/');
  return {file.substr(0, slash), file.substr(slash + 1)};
}

// Records and elements are our own, but nothing else may be written because of them.
bool IsOurs(absl::string_view file) {
  if (absl::StrContains(file, "..")) return false;
  const auto [interface, name] = Split(file);
  return !interface.empty() && interface.find('/') == absl::string_view::npos &&
         (name == kForwarding || name == kAcceptRa);
}

std::string PathOf(absl::string_view file) { return absl::StrCat(kFolder, "/", file); }

// Empty if the interface is gone.
absl::StatusOr<std::string> Read(absl::string_view file) {
  absl::StatusOr<std::string> text = sys::ReadFile(PathOf(file), 64);
  if (text.ok()) return std::string(absl::StripAsciiWhitespace(*text));
  if (FindErrno(text.status()) == ENOENT) return std::string();
  return text.status();
}

absl::Status Write(absl::string_view file, absl::string_view value) {
  absl::Status status = sys::WriteKernelFile(PathOf(file), value);
  return FindErrno(status) == ENOENT ? absl::OkStatus() : status;
}

// What other run roots have changed.
absl::StatusOr<Ipv6Conf> OfOthers(sys::NetlinkSocket& filter, const std::string& own) {
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<sys::NftTable> tables,
                           sys::ListNftTables(filter, kTableFamily));
  Ipv6Conf conf;
  for (const sys::NftTable& table : tables) {
    if (table.name == own || !IsTableName(table.name)) continue;
    PELAGOS_ASSIGN_OR_RETURN(
        const std::vector<sys::NftElement> elements,
        sys::ListNftElements(filter, kTableFamily, table.name, kForwarding6Set));
    for (const sys::NftElement& element : elements) {
      const absl::string_view comment = element.comment;
      const size_t was = comment.find(kWas);
      if (was == absl::string_view::npos) continue;
      const std::string interface = element.key.substr(0, element.key.find('\0'));
      const std::string file = absl::StrCat(interface, "/", comment.substr(0, was));
      if (IsOurs(file)) conf.emplace(file, comment.substr(was + kWas.size()));
    }
  }
  return conf;
}

// Adds what forwarding changes at one interface. `forwards`: it is switched on, by us.
absl::Status AddInterface(const std::string& interface, bool forwards, Ipv6Conf& conf) {
  const std::string forwarding = absl::StrCat(interface, "/", kForwarding);
  const std::string accept_ra = absl::StrCat(interface, "/", kAcceptRa);
  if (conf.contains(forwarding) || conf.contains(accept_ra)) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const std::string router, Read(forwarding));
  if (!forwards && router == "1") {
    conf.emplace(forwarding, "1");
    return absl::OkStatus();
  }
  if (interface == "default") return absl::OkStatus();  // new ones start as ever
  PELAGOS_ASSIGN_OR_RETURN(const std::string accepts, Read(accept_ra));
  if (accepts == "1") conf.emplace(accept_ra, "1");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Ipv6Conf> ReadForwarding6(sys::NetlinkSocket& filter, const std::string& table,
                                         const Ipv6Conf& known) {
  PELAGOS_ASSIGN_OR_RETURN(const std::string now, Read(kAllForwarding));
  if (now.empty()) return absl::UnimplementedError("IPv6 is switched off on this host");
  PELAGOS_ASSIGN_OR_RETURN(const Ipv6Conf others, OfOthers(filter, table));
  Ipv6Conf conf = known;
  conf.insert(others.begin(), others.end());
  if (now == "1" && conf.empty()) return conf;  // the host's own choice
  if (now != "1") conf.emplace(kAllForwarding, now);
  PELAGOS_ASSIGN_OR_RETURN(const std::vector<std::string> interfaces, sys::ListFolder(kFolder));
  for (const std::string& interface : interfaces) {
    if (interface == "all" || interface == "lo" || absl::StartsWith(interface, kBridgePrefix)) {
      continue;
    }
    PELAGOS_RETURN_IF_ERROR(AddInterface(interface, now == "1", conf));
  }
  return conf;
}

void AddForwarding6Elements(sys::NftTransaction& change, const Ipv6Conf& conf) {
  for (const auto& [file, value] : conf) {
    const auto [interface, name] = Split(file);
    change.AddElement(kForwarding6Set, InterfaceKey(interface), "",
                      absl::StrCat(name, kWas, value));
  }
}

absl::Status Forward6(sys::NetlinkSocket& filter, const std::string& table, const Ipv6Conf& conf) {
  sys::NftTransaction change(kTableFamily, table);
  AddForwarding6Elements(change, conf);
  PELAGOS_RETURN_IF_ERROR(change.Commit(filter));
  for (const auto& [file, value] : conf) {
    if (IsOurs(file) && Split(file).second == kAcceptRa) {
      PELAGOS_RETURN_IF_ERROR(Write(file, "2"));
    }
  }
  PELAGOS_ASSIGN_OR_RETURN(const std::string now, Read(kAllForwarding));
  if (now == "1") return absl::OkStatus();  // each write changes all interfaces
  return sys::WriteKernelFile(PathOf(kAllForwarding), "1");
}

absl::Status RestoreForwarding6(sys::NetlinkSocket& filter, const std::string& table,
                                const Ipv6Conf& conf) {
  if (conf.empty()) return absl::OkStatus();
  PELAGOS_ASSIGN_OR_RETURN(const Ipv6Conf others, OfOthers(filter, table));
  if (!others.empty()) return absl::OkStatus();
  // All interfaces follow `all`: it comes first.
  if (const auto all = conf.find(std::string(kAllForwarding)); all != conf.end()) {
    PELAGOS_RETURN_IF_ERROR(Write(kAllForwarding, all->second));
  }
  for (const auto& [file, value] : conf) {
    if (file == kAllForwarding || !IsOurs(file)) continue;
    if (Split(file).second == kAcceptRa) {
      PELAGOS_ASSIGN_OR_RETURN(const std::string now, Read(file));
      if (now != "2") continue;
    }
    PELAGOS_RETURN_IF_ERROR(Write(file, value));
  }
  return absl::OkStatus();
}

}  // namespace pelagos::net
