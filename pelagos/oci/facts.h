// Reads what planning must know of this host.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "pelagos/oci/bundle_facts.h"
#include "pelagos/oci/config.h"

namespace pelagos::oci {

// Only what `config` makes worth asking for. `by_systemd`: systemd makes the container's cgroup,
// also where the caller cannot.
absl::StatusOr<BundleFacts> ReadFacts(const std::string& id, const std::string& bundle,
                                      const Config& config, bool by_systemd);

// The kernel, our capabilities, and the security modules that `process` asks for.
absl::StatusOr<HostFacts> ReadHost(const Process& process, const std::string& mount_label);

// The home of a user in a root file system, "" where nobody says; not read if `process` has HOME.
std::string HomeOf(const Process& process, const std::string& rootfs);

}  // namespace pelagos::oci
