// The volumes of a container: names for those that nobody named, and what they begin with.
//
// As Docker: what has no name, `-v /data` and the VOLUMEs of an image at whose places nothing else
// is mounted, is the container's own, under a name of 64 random digits. A new or empty volume gets
// what the image has at its place, owners and modes included, unless it says nocopy.
//
// Source: docker-run(1), --volume; image-spec, config.md ("Volumes").
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/container/engine.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos::container {

// Whether there are any to be named: without them nothing has to be asked or made.
inline bool HasUnnamedVolumes(const MountPlan& mounts, const ResolvedImage& image) {
  if (!image.volumes.empty()) return true;
  for (const Mount& mount : mounts.mounts()) {
    if (mount.options.own && mount.source.empty()) return true;
  }
  return false;
}

inline bool HasVolumes(const MountPlan& mounts) {
  for (const Mount& mount : mounts.mounts()) {
    if (mount.kind == MountKind::kVolume) return true;
  }
  return false;
}

// The mounts with a new name for each, and with the image's. InvalidArgument: the image wants one
// where nothing can be mounted.
absl::StatusOr<MountPlan> NameVolumes(MountPlan mounts, const ResolvedImage& image);

// Which volumes get what the image has at their places.
enum class CopyUp : uint8_t {
  kNew,    // those that are made
  kEmpty,  // and those in which nothing is
};

// Makes the volumes that are missing, for the container `id`. Own ones of another container are
// shared with it from now on.
absl::Status EnsureVolumes(const Engine& engine, const std::string& id, const MountPlan& mounts,
                           const ResolvedImage& image, CopyUp copy_up);

}  // namespace pelagos::container
