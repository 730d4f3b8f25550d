#include "pelagos/policy/health_text.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(HealthTextTest, Times) {
  EXPECT_EQ(ParseHealthTime("30s"), int64_t{30} * 1'000'000'000);
  EXPECT_EQ(ParseHealthTime("1m30s"), int64_t{90} * 1'000'000'000);
  EXPECT_EQ(ParseHealthTime("1.5ms"), 1'500'000);
  EXPECT_EQ(ParseHealthTime("0"), 0);
  EXPECT_EQ(ParseHealthTime("0s"), 0);
  for (const char* text : {"", "30", "s", "-1s", "inf", "1us", "999us", "1d", "300000000h"}) {
    EXPECT_EQ(ParseHealthTime(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pelagos
