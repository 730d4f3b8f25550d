// How much a program may use. A parameter, because a compose file, a hook and a fuzzer differ.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pelagos::reml {

struct Limits {
  // Calls that wait for another one's value: each costs some 50 bytes. Beyond it the program fails
  // with "recursion too deep". Tail calls are free.
  size_t depth = 200'000;
  // Evaluation steps of one Evaluate or Call; beyond it the program fails with "too many steps",
  // and no guard can stop that.
  uint64_t steps = UINT64_MAX;
  // Bytes alive on the heap; beyond it the program fails with "out of memory", and no guard can
  // stop that.
  size_t bytes = size_t{256} << 20;

  static constexpr Limits ForFuzzing() { return {2'000, 20'000, size_t{1} << 20}; }
};

}  // namespace pelagos::reml
