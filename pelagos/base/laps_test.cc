#include "pelagos/base/laps.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(LapsTest, LapsFollowEachOtherWithoutGaps) {
  Laps laps;
  const int64_t begin = laps.last();
  laps.LapAt("one", begin + 1500);
  laps.LapAt("two", begin + 1'003'500);
  EXPECT_EQ(laps.Table(),
            "      1.5 us  one\n"
            "   1002.0 us  two\n"
            "   1003.5 us  in all\n");
  laps.Lap("three");
  EXPECT_GE(laps.last(), begin);
  Lap(nullptr, "nobody asks");
}

}  // namespace
}  // namespace pelagos
