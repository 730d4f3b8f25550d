// What is kept of a container's output.
//
// Source: docker's "Local file logging driver" and "JSON File logging driver": max-size, max-file.
#pragma once

#include <cstdint>

namespace pelagos {

struct LogOptions {
  bool none = false;       // nothing is kept
  uint64_t max_bytes = 0;  // of one file, before the next is begun; 0: no bound
  uint32_t max_files = 1;  // the current one and those before it; at least 1

  friend bool operator==(const LogOptions&, const LogOptions&) = default;
};

}  // namespace pelagos
