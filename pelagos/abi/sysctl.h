// The settings of /proc/sys that belong to a namespace, and to which.
//
// Source: namespaces(7), ipc_namespaces(7), network_namespaces(7), uts_namespaces(7),
// Documentation/admin-guide/sysctl. All others are the host's.
#pragma once

#include <array>
#include <optional>

#include "absl/strings/string_view.h"
#include "pelagos/abi/namespace.h"

namespace pelagos {

struct SysctlRow {
  absl::string_view name;  // all that begin with it, if it ends with a dot
  Namespace owner;
};

inline constexpr std::array<SysctlRow, 16> kSysctls = {{
    {"net.", Namespace::kNet},
    {"fs.mqueue.", Namespace::kIpc},
    {"kernel.auto_msgmni", Namespace::kIpc},
    {"kernel.msg_next_id", Namespace::kIpc},
    {"kernel.msgmax", Namespace::kIpc},
    {"kernel.msgmnb", Namespace::kIpc},
    {"kernel.msgmni", Namespace::kIpc},
    {"kernel.sem", Namespace::kIpc},
    {"kernel.sem_next_id", Namespace::kIpc},
    {"kernel.shm_next_id", Namespace::kIpc},
    {"kernel.shm_rmid_forced", Namespace::kIpc},
    {"kernel.shmall", Namespace::kIpc},
    {"kernel.shmmax", Namespace::kIpc},
    {"kernel.shmmni", Namespace::kIpc},
    {"kernel.hostname", Namespace::kUts},
    {"kernel.domainname", Namespace::kUts},
}};

// The namespace that the setting `name` ("net.ipv4.ip_forward") belongs to.
constexpr std::optional<Namespace> FindSysctlOwner(absl::string_view name) {
  for (const SysctlRow& row : kSysctls) {
    if (row.name.back() == '.'
            ? name.size() > row.name.size() && name.substr(0, row.name.size()) == row.name
            : name == row.name) {
      return row.owner;
    }
  }
  return std::nullopt;
}

}  // namespace pelagos
