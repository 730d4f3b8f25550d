#include "pelagos/policy/oom_score.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(OomScoreTest, NumbersOfTheKernelsRange) {
  static_assert(ParseOomScoreAdj("-1000") == -1000);
  static_assert(ParseOomScoreAdj("1000") == 1000);
  EXPECT_EQ(ParseOomScoreAdj("0"), 0);
  EXPECT_EQ(ParseOomScoreAdj("-7"), -7);
  for (const char* text :
       {"", "-", "--1", "1001", "-1001", "99999999999", "+5", "5 ", "x", "1.5"}) {
    EXPECT_EQ(ParseOomScoreAdj(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pelagos
