// How much memory a command uses, all its processes together.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "benchmarks/compare/measure.h"

namespace pelagos::benchmarks {

// Runs the entry once, and adds the largest resident sets (VmHWM of proc(5)) of the command and of
// every process below it: at least what they ever had at one time, in bytes. It looks again and
// again while the command runs, which disturbs it: not to be timed.
absl::StatusOr<uint64_t> MeasureMemory(const Entry& entry);

}  // namespace pelagos::benchmarks
