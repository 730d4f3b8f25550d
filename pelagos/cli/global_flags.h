// What stands before a command.
#pragma once

#include <vector>

#include "pelagos/cli/command.h"

namespace pelagos::cli {

inline std::vector<Flag> GlobalFlags() {
  return {{"root", 0, "DIR", "where images, volumes and kept containers live (PELAGOS_ROOT)"},
          {"run-root", 0, "DIR", "where state of running things lives (PELAGOS_RUN_ROOT)"},
          {"version", 'V', "", "print the version"}};
}

}  // namespace pelagos::cli
