#include "pelagos/cli/engine/when.h"

#include <gtest/gtest.h>

namespace pelagos::cli {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

absl::Time When(absl::string_view text) {
  const auto when = ParseWhen(text, kNow);
  EXPECT_TRUE(when.ok()) << text;
  return when.value_or(absl::InfinitePast());
}

TEST(WhenTest, Durations) {
  EXPECT_EQ(When("10m"), kNow - absl::Minutes(10));
  EXPECT_EQ(When("1h30m"), kNow - absl::Minutes(90));
  EXPECT_EQ(When("1.5s"), kNow - absl::Milliseconds(1500));
  EXPECT_EQ(When("-1m"), kNow + absl::Minutes(1));
}

TEST(WhenTest, SecondsSince1970) {
  EXPECT_EQ(When("1136073600"), absl::FromUnixSeconds(1136073600));
  EXPECT_EQ(When("1136073600.000000001"), absl::FromUnixNanos(1136073600000000001));
  EXPECT_EQ(When("1136073600.5"), absl::FromUnixMillis(1136073600500));
  EXPECT_EQ(When("0"), absl::UnixEpoch());
}

TEST(WhenTest, Dates) {
  EXPECT_EQ(When("2023-11-14T22:13:20Z"), kNow);
  EXPECT_EQ(When("2023-11-14T22:13:20.123456789Z"), kNow + absl::Nanoseconds(123456789));
  EXPECT_EQ(When("2023-11-15T00:13:20+02:00"), kNow);
  EXPECT_EQ(When("2023-11-14T22:13Z"), kNow - absl::Seconds(20));
  // Without a zone: the local one.
  const absl::Time local =
      absl::FromCivil(absl::CivilSecond(2023, 11, 14, 22, 13, 20), absl::LocalTimeZone());
  EXPECT_EQ(When("2023-11-14T22:13:20"), local);
  EXPECT_EQ(When("2023-11-14T22:13"), local - absl::Seconds(20));
  EXPECT_EQ(When("2023-11-14"),
            absl::FromCivil(absl::CivilDay(2023, 11, 14), absl::LocalTimeZone()));
}

TEST(WhenTest, WhatIsNoTime) {
  for (const char* text : {"", "yesterday", "10x", "1.2.3", "2023-13-01", "12:00", "99999999999999",
                           "inf", "-inf", "10000-01-01", "1969-12-31T00:00:00Z", "5000000h"}) {
    EXPECT_EQ(ParseWhen(text, kNow).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace pelagos::cli
