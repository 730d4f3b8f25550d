// `pelagos stats`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pelagos/cli/command.h"
#include "pelagos/container/usage.h"

namespace pelagos::cli {

// Between two readings of one container, in hundredths of one processor; "--" if nobody counts.
std::string CpuPercent(const container::Usage& before, const container::Usage& after);

// "1.5MiB": powers of 1024, at most four figures.
std::string MemorySize(uint64_t bytes);

std::vector<Command> StatsCommands();

}  // namespace pelagos::cli
