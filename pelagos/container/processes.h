// The processes of a running container, as the host sees them.
//
// Source: proc_pid_stat(5), proc_pid_status(5), proc_pid_cmdline(5), cgroups(7).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/container/inventory.h"
#include "pelagos/sys/cgroup_fs.h"

namespace pelagos::container {

// The cgroups that are a container's own: folders by absolute path. Those which it shares with who
// started it are not among them.
struct OwnCgroups {
  std::string v2;                         // "": none
  std::map<std::string, std::string> v1;  // by controller
  friend bool operator==(const OwnCgroups&, const OwnCgroups&) = default;
};

// `text` is /proc/PID/cgroup of a process of the container `id`, which may be in a cgroup below its
// own.
OwnCgroups ParseOwnCgroups(absl::string_view text, absl::string_view id,
                           const sys::CgroupMounts& mounts);

// FailedPrecondition if it does not run (any more).
absl::StatusOr<OwnCgroups> FindOwnCgroups(const Found& found, const sys::CgroupMounts& mounts);

// All, ascending: those in its cgroup or, where it has none of its own, in its pid namespace.
// FailedPrecondition if it does not run, or can be told from the host by neither.
absl::StatusOr<std::vector<pid_t>> ProcessesOf(const Found& found, const OwnCgroups& cgroups);

struct ProcessInfo {
  pid_t pid = 0, parent = 0, group = 0, session = 0;
  pid_t inside = 0;           // its pid in its own pid namespace
  uint32_t uid = 0, gid = 0;  // effective, the host's
  char state = '?';           // 'R', 'S', ...
  int terminal = 0;           // device number; 0: none
  int nice = 0;
  uint32_t threads = 0;
  uint64_t user_ticks = 0, system_ticks = 0;  // of its time on CPUs; sysconf(_SC_CLK_TCK)
  uint64_t start_ticks = 0;                   // since the machine's start
  uint64_t virtual_bytes = 0, resident_bytes = 0;
  std::string name;     // as the kernel has it
  std::string command;  // with its arguments, a blank between; "[name]" if it has none
};

// From the texts of /proc/PID/stat, status and cmdline. `page` is the size of one, in bytes.
std::optional<ProcessInfo> ParseProcess(absl::string_view stat, absl::string_view status,
                                        absl::string_view cmdline, uint64_t page);

// Of all that are in the container before and after the look; what ends meanwhile is left out.
absl::StatusOr<std::vector<ProcessInfo>> ReadProcessesOf(const Found& found,
                                                         const OwnCgroups& cgroups);

}  // namespace pelagos::container
