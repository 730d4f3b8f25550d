// Hooks of a container's life, run where and with what the specification says.
//
// Source: OCI runtime-spec config.md ("POSIX-platform Hooks"), runtime.md ("Lifecycle").
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/config.h"
#include "pelagos/oci/record.h"

namespace pelagos::oci {

// Where hooks run: on the host, or in the namespaces that the container has of its own or joined.
enum class HookPlace : uint8_t { kHost, kContainer };

// One after the other; the first failure ends it: "error running createRuntime hook #0: exit
// status 1, output: ...". `kind` is the name in config.json, `status` what the state on their
// standard input says. In the container pids are as it sees them.
absl::Status RunHooks(absl::string_view kind, const std::vector<Hook>& hooks, HookPlace place,
                      const Record& record, const Config& config, absl::string_view status);

// Starts a hook in a container, as one of its processes, with these streams; its pidfd.
using HookStarter =
    std::function<absl::StatusOr<Fd>(const Hook& hook, int stdin_fd, int stdout_fd, int stderr_fd)>;

// The startContainer hooks. What they run is the container's, and so are its rights.
absl::Status RunStartHooks(const std::vector<Hook>& hooks, const Record& record,
                           const Config& config, const HookStarter& starter);

// All of them, whatever fails; what failed, one sentence each.
std::vector<std::string> RunAllHooks(absl::string_view kind, const std::vector<Hook>& hooks,
                                     const Record& record, const Config& config,
                                     absl::string_view status);

}  // namespace pelagos::oci
