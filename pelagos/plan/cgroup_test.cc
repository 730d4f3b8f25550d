#include "pelagos/plan/cgroup.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

using Writes = std::vector<CgroupWrite>;
constexpr CgroupPlan kAll = {64_MiB, 50000, 100};

CgroupLayout PureV2() {
  CgroupLayout layout;
  layout.v2_mount = "/sys/fs/cgroup";
  layout.v2_controllers = {CgroupController::kCpu, CgroupController::kMemory,
                           CgroupController::kPids};
  return layout;
}

CgroupLayout Hybrid() {
  CgroupLayout layout;
  layout.v2_mount = "/sys/fs/cgroup/unified";
  layout.v1_mounts = {{CgroupController::kMemory, "/sys/fs/cgroup/memory"},
                      {CgroupController::kCpu, "/sys/fs/cgroup/cpu"},
                      {CgroupController::kPids, "/sys/fs/cgroup/pids"}};
  return layout;
}

TEST(PlanCgroupsTest, V2) {
  const CgroupSteps steps = PlanCgroups("web", kAll, PureV2());
  EXPECT_EQ(steps.v2, "/sys/fs/cgroup/pelagos-web");
  EXPECT_TRUE(steps.v1.empty());
  EXPECT_EQ(steps.enable, (Writes{{"/sys/fs/cgroup/cgroup.subtree_control", "+memory"},
                                  {"/sys/fs/cgroup/cgroup.subtree_control", "+cpu"},
                                  {"/sys/fs/cgroup/cgroup.subtree_control", "+pids"}}));
  EXPECT_EQ(steps.limits, (Writes{{"/sys/fs/cgroup/pelagos-web/memory.max", "67108864"},
                                  {"/sys/fs/cgroup/pelagos-web/cpu.max", "50000 100000"},
                                  {"/sys/fs/cgroup/pelagos-web/pids.max", "100"}}));
}

TEST(PlanCgroupsTest, HybridLimitsInV1AndGroupsInV2) {
  const CgroupSteps steps = PlanCgroups("web", kAll, Hybrid());
  EXPECT_EQ(steps.v2, "/sys/fs/cgroup/unified/pelagos-web");
  EXPECT_EQ(steps.v1, (std::vector<std::string>{"/sys/fs/cgroup/memory/pelagos-web",
                                                "/sys/fs/cgroup/cpu/pelagos-web",
                                                "/sys/fs/cgroup/pids/pelagos-web"}));
  EXPECT_TRUE(steps.enable.empty());
  EXPECT_EQ(steps.limits,
            (Writes{{"/sys/fs/cgroup/memory/pelagos-web/memory.limit_in_bytes", "67108864"},
                    {"/sys/fs/cgroup/cpu/pelagos-web/cpu.cfs_period_us", "100000"},
                    {"/sys/fs/cgroup/cpu/pelagos-web/cpu.cfs_quota_us", "50000"},
                    {"/sys/fs/cgroup/pids/pelagos-web/pids.max", "100"}}));
}

TEST(PlanCgroupsTest, SwapWhereItCanBeLimited) {
  CgroupLayout v2 = PureV2();
  v2.limits_swap = true;
  EXPECT_EQ(PlanCgroups("a", {1_MiB, 0, 0}, v2).limits,
            (Writes{{"/sys/fs/cgroup/pelagos-a/memory.max", "1048576"},
                    {"/sys/fs/cgroup/pelagos-a/memory.swap.max", "0"}}));
  CgroupLayout hybrid = Hybrid();
  hybrid.limits_swap = true;
  EXPECT_EQ(PlanCgroups("a", {1_MiB, 0, 0}, hybrid).limits,
            (Writes{{"/sys/fs/cgroup/memory/pelagos-a/memory.limit_in_bytes", "1048576"},
                    {"/sys/fs/cgroup/memory/pelagos-a/memory.memsw.limit_in_bytes", "1048576"}}));
}

TEST(PlanCgroupsTest, ControllersMountedTogetherShareAFolder) {
  CgroupLayout layout;
  layout.v1_mounts = {{CgroupController::kCpu, "/cg/both"}, {CgroupController::kPids, "/cg/both"}};
  const CgroupSteps steps = PlanCgroups("a", {0, 50000, 7}, layout);
  EXPECT_EQ(steps.v1, std::vector<std::string>{"/cg/both/pelagos-a"});
  EXPECT_TRUE(steps.v2.empty());
}

TEST(PlanCgroupsTest, WithoutLimitsOnlyTheGroup) {
  const CgroupSteps steps = PlanCgroups("a", {}, Hybrid());
  EXPECT_EQ(steps, (CgroupSteps{"/sys/fs/cgroup/unified/pelagos-a", {}, {}, {}}));
  EXPECT_EQ(PlanCgroups("a", {}, {}), CgroupSteps{});
}

TEST(PlanCgroupsTest, Missing) {
  EXPECT_FALSE(IsMissing(PureV2(), CgroupController::kMemory));
  EXPECT_FALSE(IsMissing(Hybrid(), CgroupController::kMemory));
  CgroupLayout layout = Hybrid();
  layout.v1_mounts.erase(CgroupController::kMemory);
  EXPECT_TRUE(IsMissing(layout, CgroupController::kMemory));
  EXPECT_EQ(NeededControllers({}), std::vector<CgroupController>{});
}

}  // namespace
}  // namespace pelagos
