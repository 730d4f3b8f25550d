// The image that needs no registry: "busybox", made from Debian's busybox-static when Pelagos is
// built, and laid beside the program as busybox-image.tar.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "pelagos/image/ingest.h"

namespace pelagos::image {

// If `reference` names docker.io/library/busybox:latest, the store has none and the archive is
// there: loads it, once, however many processes ask at a time. Else it does nothing: Store::Find
// says what is missing. Call it before Find. `archive` empty: beside the running program.
absl::Status EnsureBuiltin(const std::string& data_root, absl::string_view reference,
                           const std::string& archive = "", const IngestOptions& options = {});

}  // namespace pelagos::image
