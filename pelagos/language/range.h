// A piece of a program.
#pragma once

#include <cstdint>

namespace pelagos::language {

// [begin, end) in bytes.
struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

}  // namespace pelagos::language
