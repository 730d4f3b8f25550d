// Settings of the kernel that a container has of its own.
//
// A value. Source: sysctl(8), proc_sys(5), docker-run(1) ("--sysctl").
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "pelagos/abi/sysctl.h"

namespace pelagos {

// Names are dotted; a dot within a part is written as a slash: "net.ipv4.conf.eth0/5.forwarding" is
// /proc/sys/net/ipv4/conf/eth0.5/forwarding.
using Sysctls = std::map<std::string, std::string>;

// As the name of a file below /proc/sys.
inline std::string SysctlPath(absl::string_view name) {
  std::string path(name);
  for (char& c : path) {
    if (c == '.') {
      c = '/';
    } else if (c == '/') {
      c = '.';
    }
  }
  return path;
}

// Why `name` is no name of a setting, as the end of a sentence, or "".
inline absl::string_view SysctlNameProblem(absl::string_view name) {
  if (name.empty()) return "is empty";
  const std::string path = SysctlPath(name);
  for (size_t begin = 0; begin <= path.size();) {
    size_t end = path.find('/', begin);
    if (end == std::string::npos) end = path.size();
    const absl::string_view part = absl::string_view(path).substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return "is no name of a setting";
    begin = end + 1;
  }
  for (char c : name) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return "is no name of a setting";
  }
  return "";
}

// True for settings of one interface other than lo, which is there only once the network is.
inline bool NeedsInterface(absl::string_view name) {
  for (absl::string_view family : {"net.ipv4.conf.", "net.ipv4.neigh.", "net.ipv6.conf.",
                                   "net.ipv6.neigh.", "net.mpls.conf."}) {
    if (name.substr(0, family.size()) != family) continue;
    const absl::string_view rest = name.substr(family.size());
    const absl::string_view interface = rest.substr(0, rest.find('.'));
    return interface != "all" && interface != "default" && interface != "lo";
  }
  return false;
}

// "net.ipv4.ip_forward=1", also "net/ipv4/conf/eth0.5/forwarding=1" as sysctl(8) takes it:
// whichever of '.' and '/' comes first separates. Whether the setting may be made is the planner's
// to say.
inline std::optional<std::pair<std::string, std::string>> ParseSysctl(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos) return std::nullopt;
  const absl::string_view written = text.substr(0, equals);
  const size_t separator = written.find_first_of("./");
  std::string name = separator != absl::string_view::npos && written[separator] == '/'
                         ? SysctlPath(written)
                         : std::string(written);
  if (!SysctlNameProblem(name).empty()) return std::nullopt;
  return std::make_pair(std::move(name), std::string(text.substr(equals + 1)));
}

}  // namespace pelagos
