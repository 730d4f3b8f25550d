// What can be done with a project that exists: look at it, read its logs, take it down. All of it
// goes by the project's record; the stack's file is not needed.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/container/engine.h"
#include "pelagos/store/paths.h"
#include "pelagos/store/project.h"

namespace pelagos::compose {

// Which project a command without --project means: the one that came from this file (an absolute
// path without links), or else `otherwise`. InvalidArgument if there are several.
absl::StatusOr<std::string> FindProject(const store::Roots& roots, const std::string& file,
                                        const std::string& otherwise);

// Asks the supervisor to take the project down and waits until it has; does it itself where there
// is no supervisor any more. With `volumes`, the project's volumes go too, also those of a project
// that is down already. Says on `out` what went. NotFound if there is nothing of that name.
absl::Status Down(container::Engine& engine, const std::string& project, bool volumes,
                  std::ostream& out);

// One row of `ps`, told from the record and from what lives: nothing is rewritten.
struct ServiceStatus {
  std::string service, container, image;
  std::string status;  // "waiting", "starting", "running", "exited (CODE)", "exited"
  std::optional<int> pid;
  std::vector<std::string> ports;  // "127.0.0.1:8080->80/tcp"
};

absl::StatusOr<std::vector<ServiceStatus>> ListServices(const store::Roots& roots,
                                                        const std::string& project);

// Prints "service | line" for each line of the services (all, or the one named), in the order of
// time; lines of stderr to `err`. With `follow`, goes on until the services have ended; then
// SIGINT, SIGTERM and SIGHUP are handed to `on_signal`, if given, and do not end it.
absl::Status PrintLogs(const store::Roots& roots, const std::string& project,
                       const std::string& service, bool follow, std::ostream& out,
                       std::ostream& err, const std::function<void(int)>& on_signal = nullptr);

}  // namespace pelagos::compose
