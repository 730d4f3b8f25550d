#include "pelagos/cli/quantity.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

TEST(HumanSizeTest, PowersOfAThousand) {
  EXPECT_EQ(HumanSize(0), "0B");
  EXPECT_EQ(HumanSize(999), "999B");
  EXPECT_EQ(HumanSize(1000), "1kB");
  EXPECT_EQ(HumanSize(16'430'000), "16.43MB");
  EXPECT_EQ(HumanSize(1'234'567, 3), "1.23MB");
  EXPECT_EQ(HumanSize(UINT64_MAX), "1.845e+04PB");
}

TEST(HumanDurationTest, Words) {
  const auto words = [](int64_t seconds) { return HumanDuration(absl::Seconds(seconds)); };
  EXPECT_EQ(words(-5), "Less than a second");
  EXPECT_EQ(HumanDuration(absl::Milliseconds(999)), "Less than a second");
  EXPECT_EQ(words(1), "1 second");
  EXPECT_EQ(words(59), "59 seconds");
  EXPECT_EQ(words(60), "About a minute");
  EXPECT_EQ(words(180), "3 minutes");
  EXPECT_EQ(words(3600), "About an hour");
  EXPECT_EQ(words(2 * 3600), "2 hours");
  EXPECT_EQ(words(47 * 3600), "47 hours");
  EXPECT_EQ(words(3 * 86400), "3 days");
  EXPECT_EQ(words(21 * 86400), "3 weeks");
  EXPECT_EQ(words(90 * 86400), "3 months");
  EXPECT_EQ(words(800 * 86400), "2 years");
}

TEST(AgoTest, OfRecords) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_EQ(Ago(now - absl::Minutes(3), now), "3 minutes ago");
  EXPECT_EQ(Ago(TimeOf("2023-11-14T20:13:20.123456789Z"), now), "2 hours ago");
  EXPECT_EQ(Ago(TimeOf(""), now), "");
  EXPECT_EQ(Ago(TimeOf("yesterday"), now), "");
}

}  // namespace
}  // namespace pelagos::cli
