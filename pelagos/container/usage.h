// What a running container uses: processors, memory, network, disks, processes.
//
// From its own cgroups where their controllers count, v2's or v1's (a hybrid host has some here and
// some there). Without them, from its processes: the memory is then their proportional share (PSS)
// of what they have in common. What nobody counts is nullopt, never 0.
//
// Source: cgroup-v2.rst, cgroup-v1/, proc_pid_smaps(5), proc_pid_net(5), docker-stats(1).
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pelagos/container/inventory.h"
#include "pelagos/container/processes.h"
#include "pelagos/sys/cgroup_fs.h"

namespace pelagos::container {

struct Usage {
  uint64_t at_nanoseconds = 0;  // CLOCK_MONOTONIC, when the processor time was read
  std::optional<uint64_t> cpu_nanoseconds;
  std::optional<uint64_t> memory_bytes;  // without what the kernel drops first (inactive files)
  uint64_t memory_limit_bytes = 0;       // the machine's memory, if there is no smaller limit
  std::optional<uint64_t> received_bytes, sent_bytes;  // none where it has the host's network
  std::optional<uint64_t> read_bytes, written_bytes;
  std::optional<uint64_t> threads;  // which Docker calls PIDs
};

// Sums of all interfaces but the loopback, in `text` as in /proc/PID/net/dev.
struct NetworkBytes {
  uint64_t received = 0, sent = 0;
};
NetworkBytes ParseNetworkBytes(absl::string_view text);

// A value: what the readings of all containers have in common.
class UsageReader {
 public:
  // Reads where the machine's cgroups are, and how much memory it has.
  static absl::StatusOr<UsageReader> Open();

  // FailedPrecondition if it does not run (any more).
  absl::StatusOr<Usage> Read(const Found& found) const;

  const sys::CgroupMounts& mounts() const { return mounts_; }

 private:
  UsageReader() = default;
  void ReadMemory(const OwnCgroups& own, Usage& usage) const;

  sys::CgroupMounts mounts_;
  uint64_t machine_bytes_ = 0;
};

}  // namespace pelagos::container
