// What commands do before their own work: take away what killed ones left.
#pragma once

#include <iostream>

#include "pelagos/container/engine.h"

namespace pelagos::cli {

// Nobody's own work depends on it: what cannot be removed is said, and tried again by the next.
inline void SweepOrWarn(container::Engine& engine) {
  const absl::Status swept = engine.Sweep();
  if (swept.ok()) return;
  std::cerr << "pelagos: warning: removing what a killed run left: " << swept.message() << "\n";
}

}  // namespace pelagos::cli
