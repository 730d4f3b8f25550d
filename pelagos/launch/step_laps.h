// The times of the child's steps: it writes them into memory that it shares with us, and that stays
// ours when it executes its program. Part of launcher.cc.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/laps.h"
#include "pelagos/plan/launch_plan.h"

namespace pelagos::launch {

// Owns the memory. Moves only.
class StepLaps {
 public:
  StepLaps() = default;
  StepLaps(StepLaps&& other) noexcept
      : times_(std::exchange(other.times_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  StepLaps& operator=(StepLaps&& other) noexcept {
    std::swap(times_, other.times_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~StepLaps() {
    if (times_ != nullptr) ::munmap(times_, count_ * sizeof(int64_t));
  }

  static absl::StatusOr<StepLaps> For(const LaunchPlan& plan) {
    StepLaps laps;
    laps.count_ = plan.ops.size() + 1;
    void* memory = ::mmap(nullptr, laps.count_ * sizeof(int64_t), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return ErrnoStatus(errno, "mmap");
    laps.times_ = static_cast<int64_t*>(memory);
    return laps;
  }

  // For the child: [0] before its first step, [N + 1] after step N.
  int64_t* times() const { return times_; }

  // After the program runs.
  void AddTo(Laps& laps, const LaunchPlan& plan) const {
    laps.LapAt("clone, and what the child does first", times_[0]);
    for (size_t i = 0; i < plan.ops.size(); ++i) {
      if (times_[i + 1] != 0) laps.LapAt(Describe(plan.ops[i]), times_[i + 1]);
    }
  }

 private:
  int64_t* times_ = nullptr;
  size_t count_ = 0;
};

}  // namespace pelagos::launch
