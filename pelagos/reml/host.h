// Two hosts (builtin.h): the real one, and one that has nothing.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "pelagos/reml/builtin.h"

namespace pelagos::reml {

// Fills in what is empty with the process's own world; output and log go nowhere.
Host WithDefaults(Host host);

// No variables, no files, a clock that stands still, the same numbers every time; output and log go
// nowhere.
Host ClosedHost();

// The content of a regular file of at most `most` bytes. Never waits: pipes and devices are
// refused. The message does not name the file.
absl::StatusOr<std::string> ReadRegularFile(const std::string& path, size_t most);

}  // namespace pelagos::reml
