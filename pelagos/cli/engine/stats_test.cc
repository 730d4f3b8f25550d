#include "pelagos/cli/engine/stats.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

TEST(StatsTest, PercentOfOneProcessor) {
  container::Usage before, after;
  before.at_nanoseconds = 1'000'000'000;
  after.at_nanoseconds = 3'000'000'000;
  EXPECT_EQ(CpuPercent(before, after), "--");
  before.cpu_nanoseconds = 500;
  after.cpu_nanoseconds = 500 + 3'000'000'000;
  EXPECT_EQ(CpuPercent(before, after), "150.00%");
  EXPECT_EQ(CpuPercent(before, before), "--");
  after.cpu_nanoseconds = 100;  // processes ended
  EXPECT_EQ(CpuPercent(before, after), "0.00%");
}

TEST(StatsTest, MemoryInPowersOf1024) {
  EXPECT_EQ(MemorySize(0), "0B");
  EXPECT_EQ(MemorySize(1023), "1023B");
  EXPECT_EQ(MemorySize(1536), "1.5KiB");
  EXPECT_EQ(MemorySize(uint64_t{3} << 30), "3GiB");
}

}  // namespace
}  // namespace pelagos::cli
