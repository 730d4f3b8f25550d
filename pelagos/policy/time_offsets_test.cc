#include "pelagos/policy/time_offsets.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(TimeOffsetsTest, Parses) {
  EXPECT_EQ(ParseTimeOffset("3600"), (TimeOffset{3600, 0}));
  EXPECT_EQ(ParseTimeOffset("+1.5"), (TimeOffset{1, 500000000}));
  EXPECT_EQ(ParseTimeOffset("-1.5"), (TimeOffset{-2, 500000000}));
  EXPECT_EQ(ParseTimeOffset("-0.000000001s"), (TimeOffset{-1, 999999999}));
  EXPECT_EQ(ParseTimeOffset("2m"), (TimeOffset{120, 0}));
  EXPECT_EQ(ParseTimeOffset("1.25d"), (TimeOffset{108000, 0}));
  EXPECT_EQ(ParseTimeOffset("0.000000001h"), (TimeOffset{0, 3600}));
  EXPECT_EQ(ParseTimeOffset("4611686018"), (TimeOffset{kMostOffsetSeconds, 0}));
  for (const char* text : {"", "s", "-", "1.", ".5", "1.0000000001", "1x", "1 s", "--1", "1e3",
                           "1ss", "4611686019", "53376d", "99999999999999999999"}) {
    EXPECT_EQ(ParseTimeOffset(text), std::nullopt) << text;
  }
}

TEST(TimeOffsetsTest, Problems) {
  EXPECT_EQ(TimeOffsetProblem({1, 999999999}), "");
  EXPECT_EQ(TimeOffsetProblem({1, 1000000000}), "has more than 999999999 nanoseconds");
  EXPECT_EQ(TimeOffsetProblem({kMostOffsetSeconds + 1, 0}), "is more than 4611686018 seconds");
  EXPECT_EQ(TimeOffsetProblem({-kMostOffsetSeconds - 1, 0}), "is more than 4611686018 seconds");
}

TEST(TimeOffsetsTest, Prints) {
  EXPECT_EQ(TimeOffsetText({3600, 0}), "+3600 s");
  EXPECT_EQ(TimeOffsetText({-2, 500000000}), "-1.5 s");
  EXPECT_EQ(TimeOffsetText({-1, 999999999}), "-0.000000001 s");
  EXPECT_EQ(TimeOffsetsFileText({TimeOffset{-2, 5}, TimeOffset{7, 0}}),
            "monotonic -2 5\nboottime 7 0\n");
  EXPECT_EQ(TimeOffsetsFileText({std::nullopt, TimeOffset{7, 0}}), "boottime 7 0\n");
}

}  // namespace
}  // namespace pelagos
