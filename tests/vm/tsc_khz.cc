// Prints how many thousand times a second this machine's time stamp counter ticks.
//
// The guest's counter is the machine's. A guest kernel would find its frequency with an emulated
// timer, and on a loaded machine be wrong by a factor: its clocks and all timeouts with it.

#include <x86intrin.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

struct Sample {
  uint64_t ticks;
  Clock::time_point time;
};

// Both at the same moment: the tightest of several tries, as others want the processor too.
Sample Now() {
  Sample best = {};
  uint64_t width = UINT64_MAX;
  for (int i = 0; i < 32; ++i) {
    const uint64_t before = __rdtsc();
    const Clock::time_point time = Clock::now();
    const uint64_t after = __rdtsc();
    if (after - before >= width) continue;
    width = after - before;
    best = {before + width / 2, time};
  }
  return best;
}

}  // namespace

int main() {
  const Sample begin = Now();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const Sample end = Now();
  const double seconds = std::chrono::duration<double>(end.time - begin.time).count();
  const double ticks = static_cast<double>(end.ticks - begin.ticks);
  std::cout << static_cast<uint64_t>(ticks / seconds / 1000) << "\n";
}
