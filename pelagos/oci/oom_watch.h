// Waits for what happens to a container: the end of its first process, or a process that was killed
// because the container was out of memory.
//
// Source: cgroup-v1/memory.rst ("OOM Control"), cgroup-v2.rst (memory.events), eventfd(2),
// inotify(7).
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/oci/cgroup_limits.h"
#include "pelagos/sys/process.h"

namespace pelagos::oci {

enum class Happened : uint8_t { kNothing, kOutOfMemory, kEnd };

// Moves only.
class [[nodiscard]] OomWatch {
 public:
  // Where no controller counts memory nothing is ever told but the end.
  static absl::StatusOr<OomWatch> Open(const CgroupFolders& folders,
                                       const sys::ProcessIdentity& process);

  // At most this long.
  absl::StatusOr<Happened> Await(absl::Duration duration);

 private:
  OomWatch() = default;
  absl::StatusOr<bool> Counted();  // more than before

  Fd pidfd_;            // invalid: it has ended
  Fd events_;           // v1: an eventfd; v2: an inotify descriptor; invalid: neither
  std::string counts_;  // v2: memory.events
  uint64_t kills_ = 0;
};

}  // namespace pelagos::oci
