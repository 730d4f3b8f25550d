// A container that is asked for its health.

#include "pelagos/container/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/container/inventory.h"
#include "pelagos/store/container.h"
#include "pelagos/store/paths.h"
#include "tests/rooted/harness.h"
#include "tests/rooted/run_test.h"

namespace pelagos::rooted {
namespace {

using container::Health;
using container::HealthStatus;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HealthTest : public RunTest {
 protected:
  // A container named box with this check.
  void Up(const std::vector<std::string>& command,
          int64_t timeout_ns = int64_t{30} * 1'000'000'000) {
    const Outcome up = world_->Pelagos({"run", "-d", "--name", "box", "busybox", "sleep", "1000"});
    ASSERT_EQ(up.code, 0) << up.Describe();
    roots_.data = world_->data_root();
    roots_.run = world_->run_root();
    const auto found = container::Inventory(roots_).Find("box");
    ASSERT_TRUE(found.ok()) << found.status();
    record_ = found->record;
    HealthOptions& health = record_.spec.lifecycle.health;
    health.command = command;
    health.timeout_ns = timeout_ns;
    health.retries = 2;
    ASSERT_TRUE(store::WriteContainer(roots_, record_).ok());
  }
  void Down() {
    EXPECT_EQ(world_->Pelagos({"rm", "-f", "box"}).code, 0);
    world_->ExpectNoResidue("probes");
  }
  Outcome Ask() { return world_->Pelagos({"healthcheck", "run", "box"}); }
  Health Now() {
    const auto health = container::ReadHealth(roots_, record_.id);
    EXPECT_TRUE(health.ok()) << health.status();
    return health.value_or(Health());
  }
  HealthStatus Status() { return Now().status; }

  store::Roots roots_;
  store::ContainerRecord record_;
};

TEST_F(HealthTest, WhatTheCheckSays) {
  Up({"sh", "-c", "echo seen by $(id -u); echo error >&2; test -e /well"});
  for (const HealthStatus status : {HealthStatus::kStarting, HealthStatus::kUnhealthy}) {
    const Outcome ill = Ask();
    EXPECT_EQ(ill.code, 1) << ill.Describe();
    EXPECT_EQ(ill.out, "unhealthy\n");
    EXPECT_EQ(Status(), status);
  }
  EXPECT_EQ(world_->Pelagos({"exec", "box", "touch", "/well"}).code, 0);
  const Outcome well = Ask();
  EXPECT_EQ(well.code, 0) << well.Describe();
  EXPECT_EQ(well.out + well.err, "");
  const Health health = Now();
  EXPECT_EQ(health.status, HealthStatus::kHealthy);
  EXPECT_EQ(health.failing_streak, 0u);
  ASSERT_EQ(health.log.size(), 3u);
  EXPECT_EQ(health.log[0].exit_code, 1);
  EXPECT_EQ(health.log[0].output, "seen by 0\nerror\n");
  EXPECT_EQ(health.log[2].exit_code, 0);
  EXPECT_LE(health.log[0].start, health.log[0].end);
  Down();
}

TEST_F(HealthTest, WhatTakesTooLongIsKilled) {
  Up({"sh", "-c", "echo begun; exec sleep 2000"}, int64_t{300} * 1'000'000);
  EXPECT_EQ(Ask().code, 1);
  const Health health = Now();
  ASSERT_EQ(health.log.size(), 1u);
  EXPECT_EQ(health.log[0].exit_code, -1);
  EXPECT_EQ(health.log[0].output, "Health check exceeded timeout (300ms): begun\n");
  const Outcome gone =
      world_->Pelagos({"exec", "box", "sh", "-c", "while ps | grep -q '[s]leep 2000'; do :; done"});
  EXPECT_EQ(gone.code, 0) << gone.Describe();
  Down();
}

// More than is kept is read nevertheless, and who goes on in the background keeps nobody.
TEST_F(HealthTest, MuchOutput) {
  Up({"sh", "-c", "sleep 2000 & yes | head -n 100000"});
  EXPECT_EQ(Ask().code, 0);
  const Health health = Now();
  ASSERT_EQ(health.log.size(), 1u);
  EXPECT_EQ(health.log[0].output.size(), container::kMostProbeOutput);
  EXPECT_THAT(health.log[0].output, StartsWith("y\ny\n"));
  EXPECT_TRUE(absl::EndsWith(health.log[0].output, "..."));
  Down();
}

TEST_F(HealthTest, ACheckThatCannotBeRunHasFailed) {
  Up({"no-such-program"});
  EXPECT_EQ(Ask().code, 1);
  const Health health = Now();
  ASSERT_EQ(health.log.size(), 1u);
  EXPECT_EQ(health.log[0].exit_code, -1);
  EXPECT_THAT(health.log[0].output, HasSubstr("no-such-program"));
  Down();
}

TEST_F(HealthTest, WhoCannotBeAsked) {
  Up({});
  const Outcome none = Ask();
  EXPECT_EQ(none.code, 125) << none.Describe();
  EXPECT_THAT(none.err, HasSubstr("container 'box' has no health check"));
  EXPECT_EQ(world_->Pelagos({"healthcheck", "run", "bax"}).code, 125);
  Down();
}

}  // namespace
}  // namespace pelagos::rooted
