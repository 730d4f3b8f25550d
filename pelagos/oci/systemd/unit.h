// What systemd calls a container's cgroup: cgroupsPath of a bundle as `slice:prefix:name`.
//
//   machine.slice:libpod:4f0e   the scope libpod-4f0e.scope in machine.slice
//   a-b.slice:x:web             x-web.scope in /a.slice/a-b.slice
//   ::web.slice                 the slice web.slice itself; the prefix does not count
//   (empty)                     :pelagos:ID
//
// Values. Source: runc's docs/systemd.md, systemd.slice(5), systemd.unit(5) ("valid unit names").
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pelagos::oci {

// A service manager, as far as plans need to know it. A value.
struct ServiceManager {
  bool user = false;  // the user's
  std::string root;   // its own cgroup: "" or "/user.slice/user-1.slice/user@1.service"
  int version = 0;
  friend bool operator==(const ServiceManager&, const ServiceManager&) = default;
};

struct SystemdUnit {
  std::string slice;  // the parent: "machine.slice", "-.slice" for the root
  std::string name;   // "libpod-4f0e.scope", "web.slice"

  bool is_slice() const;
  friend bool operator==(const SystemdUnit&, const SystemdUnit&) = default;
};

// `user`: of a user's service manager, whose default slice is another. InvalidArgument says what of
// the path is wrong.
absl::StatusOr<SystemdUnit> ParseSystemdUnit(absl::string_view cgroups_path,
                                             absl::string_view container, bool user);

// Where the unit's cgroup is below the service manager's own: "a.slice/a-b.slice/x-web.scope".
std::string UnitPath(const SystemdUnit& unit);

}  // namespace pelagos::oci
