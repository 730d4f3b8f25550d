#include "pelagos/container/health.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace pelagos::container {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

struct World {
  HealthCheck check;
  Health health;
  World() { check.retries = 2; }
  // A probe that begins `seconds` after the container.
  HealthStatus Probe(int seconds, int code) {
    const absl::Time start = kStart + absl::Seconds(seconds);
    Add({start, start + absl::Milliseconds(1), code, "said"}, check, kStart, health);
    return health.status;
  }
};

TEST(HealthTest, ASuccessMakesHealthy) {
  World world;
  EXPECT_EQ(world.health.status, HealthStatus::kStarting);
  EXPECT_EQ(world.Probe(1, 0), HealthStatus::kHealthy);
}

TEST(HealthTest, FailuresInARowMakeUnhealthy) {
  World world;
  EXPECT_EQ(world.Probe(1, 1), HealthStatus::kStarting);
  EXPECT_EQ(world.Probe(2, 0), HealthStatus::kHealthy);
  EXPECT_EQ(world.Probe(3, 1), HealthStatus::kHealthy);
  EXPECT_EQ(world.Probe(4, 0), HealthStatus::kHealthy);
  EXPECT_EQ(world.health.failing_streak, 0u);
  EXPECT_EQ(world.Probe(5, 1), HealthStatus::kHealthy);
  EXPECT_EQ(world.Probe(6, -1), HealthStatus::kUnhealthy);
  EXPECT_EQ(world.health.failing_streak, 2u);
  EXPECT_EQ(world.Probe(7, 3), HealthStatus::kUnhealthy);
  EXPECT_EQ(world.health.failing_streak, 3u);
  EXPECT_EQ(world.Probe(8, 0), HealthStatus::kHealthy);
}

TEST(HealthTest, FailuresOfTheStartPeriodDoNotCount) {
  World world;
  world.check.start_period_ns = int64_t{10} * 1'000'000'000;
  for (int second = 1; second < 10; ++second) {
    EXPECT_EQ(world.Probe(second, 1), HealthStatus::kStarting);
    EXPECT_EQ(world.health.failing_streak, 0u);
  }
  EXPECT_EQ(world.Probe(10, 1), HealthStatus::kStarting);
  EXPECT_EQ(world.Probe(11, 1), HealthStatus::kUnhealthy);
}

TEST(HealthTest, ASuccessEndsTheStartPeriod) {
  World world;
  world.check.start_period_ns = int64_t{10} * 1'000'000'000;
  EXPECT_EQ(world.Probe(1, 0), HealthStatus::kHealthy);
  EXPECT_EQ(world.Probe(2, 1), HealthStatus::kHealthy);
  EXPECT_EQ(world.Probe(3, 1), HealthStatus::kUnhealthy);
}

TEST(HealthTest, TheLastProbesAreKept) {
  World world;
  for (int i = 0; i < 7; ++i) world.Probe(i, i);
  ASSERT_EQ(world.health.log.size(), kMostProbes);
  EXPECT_EQ(world.health.log.front().exit_code, 2);
  EXPECT_EQ(world.health.log.back().exit_code, 6);
}

TEST(HealthTest, WhenTheNextIsDue) {
  HealthCheck check;
  check.interval_ns = int64_t{30} * 1'000'000'000;
  check.start_interval_ns = int64_t{5} * 1'000'000'000;
  EXPECT_EQ(UntilNextProbe(check, HealthStatus::kStarting, absl::ZeroDuration()),
            absl::Seconds(30));
  check.start_period_ns = int64_t{60} * 1'000'000'000;
  EXPECT_EQ(UntilNextProbe(check, HealthStatus::kStarting, absl::ZeroDuration()), absl::Seconds(5));
  EXPECT_EQ(UntilNextProbe(check, HealthStatus::kStarting, absl::Seconds(60)), absl::Seconds(30));
  EXPECT_EQ(UntilNextProbe(check, HealthStatus::kHealthy, absl::Seconds(1)), absl::Seconds(30));
}

TEST(HealthTest, RoundTrip) {
  World world;
  world.Probe(1, 0);
  world.Probe(2, -1);
  const std::string json = ToJson(world.health);
  EXPECT_EQ(json,
            R"({"FailingStreak":1,"Log":[{"End":"1970-01-12T13:46:41.001000000Z","ExitCode":0,)"
            R"("Output":"said","Start":"1970-01-12T13:46:41.000000000Z"},)"
            R"({"End":"1970-01-12T13:46:42.001000000Z","ExitCode":-1,"Output":"said",)"
            R"("Start":"1970-01-12T13:46:42.000000000Z"}],"Status":"healthy"})");
  const auto again = HealthFromJson(json);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, world.health);
}

TEST(HealthTest, OutputNeedNotBeText) {
  World world;
  Add({kStart, kStart, 0, "\xff\x01"}, world.check, kStart, world.health);
  const auto again = HealthFromJson(ToJson(world.health));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->log[0].output, "\xef\xbf\xbd\x01");
}

TEST(HealthTest, WhatIsNoRecordIsRefused) {
  for (const char* text : {"", "{}", "[]", R"({"Status":"well","FailingStreak":0,"Log":[]})",
                           R"({"Status":"healthy","FailingStreak":-1,"Log":[]})",
                           R"({"Status":"healthy","FailingStreak":0})",
                           R"({"Status":"healthy","FailingStreak":0,"Log":[{}]})",
                           R"({"Status":"healthy","FailingStreak":0,"Log":[1,2,3,4,5,6]})"}) {
    EXPECT_FALSE(HealthFromJson(text).ok()) << text;
  }
}

}  // namespace
}  // namespace pelagos::container
