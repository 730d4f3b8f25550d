// An OCI bundle with the same isolation that Pelagos gives: what crun and runc are asked to run.
#pragma once

#include <string>

namespace pelagos::benchmarks {

// config.json for /bin/true in `rootfs` (a path): Docker's default capabilities, devices, masks,
// read-only paths and, with `seccomp`, the same profile by name.
//
// Source: OCI runtime-spec, config.md, config-linux.md.
std::string MakeBundleConfig(const std::string& rootfs, const std::string& id, bool seccomp);

}  // namespace pelagos::benchmarks
