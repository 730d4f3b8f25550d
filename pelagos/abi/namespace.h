// The kernel's namespaces: names, clone flags, /proc/PID/ns entries.
//
// Source: namespaces(7), clone(2), include/uapi/linux/sched.h; the names are those of the OCI
// runtime-spec (config-linux.md, "Namespaces").
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace pelagos {

enum class Namespace : uint8_t { kMount, kPid, kUts, kIpc, kNet, kCgroup, kUser, kTime };

struct NamespaceRow {
  Namespace value;
  absl::string_view name;       // OCI runtime-spec
  absl::string_view proc_name;  // /proc/PID/ns/...
  uint64_t clone_flag;
};

inline constexpr std::array<NamespaceRow, 8> kNamespaces = {{
    {Namespace::kMount, "mount", "mnt", 0x00020000},
    {Namespace::kPid, "pid", "pid", 0x20000000},
    {Namespace::kUts, "uts", "uts", 0x04000000},
    {Namespace::kIpc, "ipc", "ipc", 0x08000000},
    {Namespace::kNet, "network", "net", 0x40000000},
    {Namespace::kCgroup, "cgroup", "cgroup", 0x02000000},
    {Namespace::kUser, "user", "user", 0x10000000},
    {Namespace::kTime, "time", "time", 0x00000080},
}};

constexpr const NamespaceRow& RowOf(Namespace ns) { return kNamespaces[static_cast<size_t>(ns)]; }

constexpr std::optional<Namespace> FindNamespace(absl::string_view name) {
  for (const NamespaceRow& row : kNamespaces) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

}  // namespace pelagos
