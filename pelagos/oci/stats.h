// What a container uses, and what ps(1) says of its processes.
//
// Source: runc(8), "events", "ps"; cgroup-v2.rst, cgroup-v1/.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pelagos/oci/record.h"

namespace pelagos::oci {

// One line, {"type":"stats","id":...,"data":{...}}, as runc's; what no controller counts is 0 or
// missing.
absl::StatusOr<std::string> StatsJson(const Record& record);

// The lines of the host's ps with these options that are of these processes, its heading first.
absl::StatusOr<std::string> HostPs(const std::vector<std::string>& options,
                                   const std::vector<pid_t>& pids);

}  // namespace pelagos::oci
