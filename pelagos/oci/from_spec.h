// What Pelagos runs, as a bundle that any OCI runtime can run, and back.
//
// Everything that Pelagos decides by itself (mounts, devices, masks, the default filter) is written
// out. What config.json cannot say (an image's name, networks and ports, path rules) stands in an
// annotation, beside a digest of the rest: a document that nobody changed is the spec that it was
// made from. One that was changed counts as it stands.
//
// Pure.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "pelagos/oci/config.h"
#include "pelagos/plan/plan_inputs.h"
#include "pelagos/spec/container.h"

namespace pelagos::oci {

inline constexpr char kSpecAnnotation[] = "org.pelagos.spec";
inline constexpr char kDigestAnnotation[] = "org.pelagos.digest";

// The image's layers are the root's business: root.path is the spec's folder, or "rootfs".
// InvalidArgument: the default filter or a limit that the plan would refuse.
absl::StatusOr<Config> ConfigFrom(const PlanInputs& in);

// The spec that the document was made from, if it is as it was made.
std::optional<ContainerSpec> SpecOf(const Config& config);

// What `spec` writes, which is what runc's writes, since programs change it in places that they
// know: a shell in a terminal on a sealed root, with three capabilities, no new privileges, and no
// system call filter. `v2_alone`: the host has cgroup v2 at /sys/fs/cgroup.
absl::StatusOr<Config> UsualConfig(bool v2_alone);

// The same for a user without privileges, who is root inside (`spec --rootless`): a user namespace
// with these ids, the host's network, no limits. Requires: a config of UsualConfig.
void MakeRootless(uint32_t uid, uint32_t gid, Config& config);

}  // namespace pelagos::oci
