// `pelagos port`: where the published ports of a container are.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/cli/command.h"
#include "pelagos/policy/port_map.h"

namespace pelagos::cli {

std::vector<Command> PortCommands();

// All that is printed: each as "80/tcp -> 127.0.0.1:8080", or with `wanted` ("80", "53/udp") only
// the addresses of the host. InvalidArgument: `wanted` is no port; NotFound: it is not published.
absl::StatusOr<std::string> PortLines(const std::vector<PortMapping>& ports,
                                      absl::string_view wanted);

}  // namespace pelagos::cli
