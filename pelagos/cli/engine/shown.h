// Containers in words: what `ps` and `inspect` say of one. Source: docker-ps(1), docker-inspect(1).
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pelagos/container/inventory.h"

namespace pelagos::cli {

// The first 12 digits of an id; all of one that is shorter.
std::string ShortId(absl::string_view id);

// As the user named it: a reference, or a root folder.
std::string ImageText(const container::Found& found);

// What is run, entrypoint and arguments, between blanks. Empty of who has no record.
std::string CommandText(const container::Found& found);

// "Up 3 minutes (healthy)", "Exited (137) 2 hours ago", "Lost", "Created".
std::string StatusText(const container::Found& found, absl::Time now);

// "127.0.0.1:8080->80/tcp, 443/tcp": published ports, then those that the image exposes; none of
// who does not run.
std::string PortsText(const container::Found& found);

// "80/tcp", as images write what they expose ("80", "80/TCP" too); empty for what is no port.
std::string ExposedPort(absl::string_view text);

// The networks' names, or "host" or "none".
std::vector<std::string> NetworkNames(const container::Found& found);

// "2026-01-02 03:04:05 +0000 UTC", as Docker's lists have it; "" for no time.
std::string DateText(absl::string_view rfc3339);

// How it ended is known, and it has ended.
bool HasExitCode(const container::Found& found);

}  // namespace pelagos::cli
