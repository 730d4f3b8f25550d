// How the kernel runs a process beside what it may do: its place among others for CPU and disk,
// where its memory comes from, which kernel it believes to see.
//
// Values, in the numbers that the calls take. Source: sched_setattr(2), ioprio_set(2),
// set_mempolicy(2), personality(2), sched_setaffinity(2).
#pragma once

#include <cstdint>

#include "pelagos/policy/id_list.h"

namespace pelagos {

// struct sched_attr
struct SchedulerTraits {
  uint32_t policy = 0;  // SCHED_*
  uint64_t flags = 0;   // SCHED_FLAG_*
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0;  // nanoseconds
  friend bool operator==(const SchedulerTraits&, const SchedulerTraits&) = default;
};

struct IoPriorityTraits {
  uint32_t io_class = 0;  // IOPRIO_CLASS_*
  uint32_t level = 0;     // 0 (first) to 7
  friend bool operator==(const IoPriorityTraits&, const IoPriorityTraits&) = default;
};

struct MemoryPolicyTraits {
  uint32_t mode = 0;  // MPOL_*, with MPOL_F_* flags
  IdList nodes = {};
  friend bool operator==(const MemoryPolicyTraits&, const MemoryPolicyTraits&) = default;
};

}  // namespace pelagos
