#include "pelagos/policy/health_check.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(HealthCheckTest, WhatIsNotSaidIsTheImages) {
  const HealthCheck image = {{"/probe"}, 1, 2, 3, 4, 5};
  HealthOptions asked;
  EXPECT_EQ(HealthOf(asked, std::nullopt), std::nullopt);
  EXPECT_EQ(HealthOf(asked, image), image);
  asked.interval_ns = 9;
  asked.retries = 0;
  EXPECT_EQ(HealthOf(asked, image), (HealthCheck{{"/probe"}, 9, 2, 3, 4, 0}));
  EXPECT_EQ(HealthOf(asked, std::nullopt), std::nullopt);
  asked.command = {"/mine", "x"};
  EXPECT_EQ(HealthOf(asked, image), (HealthCheck{{"/mine", "x"}, 9, 2, 3, 4, 0}));
  const HealthCheck usual;
  EXPECT_EQ(HealthOf(asked, std::nullopt),
            (HealthCheck{{"/mine", "x"}, 9, usual.timeout_ns, 0, usual.start_interval_ns, 0}));
}

TEST(HealthCheckTest, NoneIsNone) {
  HealthOptions asked;
  asked.command.emplace();
  EXPECT_EQ(HealthOf(asked, HealthCheck{{"/probe"}}), std::nullopt);
  EXPECT_EQ(HealthOf({}, HealthCheck{}), std::nullopt);
}

}  // namespace
}  // namespace pelagos
