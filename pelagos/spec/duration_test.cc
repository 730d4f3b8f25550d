#include "pelagos/spec/duration.h"

#include "gtest/gtest.h"

namespace pelagos {
namespace {

static_assert(ParseDuration("30s") == 30);
static_assert(!ParseDuration("30"));

TEST(ParseDurationTest, UnitsAndSums) {
  EXPECT_EQ(ParseDuration("0s"), 0);
  EXPECT_EQ(ParseDuration("90s"), 90);
  EXPECT_EQ(ParseDuration("2m"), 120);
  EXPECT_EQ(ParseDuration("1h"), 3600);
  EXPECT_EQ(ParseDuration("1m30s"), 90);
  EXPECT_EQ(ParseDuration("1h1m1s"), 3661);
  EXPECT_EQ(ParseDuration("1h5s"), 3605);
}

TEST(ParseDurationTest, WhatIsNone) {
  for (absl::string_view text :
       {"", "s", "30", "1m30", "30s1m", "1s1s", "1.5s", "500ms", "-1s", "1 s", "1d", "30S", "s30",
        "99999999999999999999s", "1099511627777s"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pelagos
