// config.json <-> Config, and the smaller documents that clients hand over: a process (exec
// --process), limits (update --resources).
//
// Fields that the specification does not know are ignored, as it demands; null is the same as
// leaving out. A wrong type, a number out of range and a missing field that must be there are
// errors: InvalidArgument lists them all, one a line, each with its JSON pointer
// ("/process/cwd: is missing").
//
// Writing is stable, and ReadConfig(WriteConfig(config)) is the config.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/oci/config.h"

namespace pelagos::oci {

// The longest document that is read, in bytes.
inline constexpr size_t kMostConfigText = 16 << 20;

absl::StatusOr<Config> ReadConfig(absl::string_view text);
absl::StatusOr<Process> ReadProcess(absl::string_view text);
absl::StatusOr<Resources> ReadResources(absl::string_view text);

// Indented by tabs, as `runc spec` does it.
std::string WriteConfig(const Config& config);
std::string WriteResources(const Resources& resources);

}  // namespace pelagos::oci
