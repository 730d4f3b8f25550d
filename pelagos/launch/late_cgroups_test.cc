#include "pelagos/launch/late_cgroups.h"

#include <gtest/gtest.h>

namespace pelagos::launch {
namespace {

LaunchPlan Plan() {
  LaunchPlan plan;
  plan.namespaces = {Namespace::kMount, Namespace::kCgroup};
  plan.cgroup.v2 = "/sys/fs/cgroup/unified/x";
  plan.cgroup.v1 = {"/sys/fs/cgroup/memory/x"};
  plan.cgroup.limits = {{"/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1048576"}};
  plan.cgroup.enable = {{"/sys/fs/cgroup/unified/cgroup.subtree_control", "+hugetlb"}};
  plan.ops = {MakeMountsPrivate{},
              MountOverlayRoot{},
              MountFilesystem{"proc", "proc", "/proc", 0, ""},
              BindMount{"/srv", "/srv"},
              MountFilesystem{"cgroup2", "cgroup", "/sys/fs/cgroup", 0, ""},
              PivotRoot{},
              Exec{{"/bin/true"}, {}}};
  return plan;
}

TEST(LateCgroupsTest, BeforeTheFirstStepThatSeesThem) {
  LaunchPlan plan = Plan();
  EXPECT_EQ(LateCgroupStep(plan), 4u);
  plan.ops.erase(plan.ops.begin() + 4);
  EXPECT_EQ(LateCgroupStep(plan), 4u);  // the last one with the host's root
  plan.ops = {AwaitHooks{}, Exec{}};
  EXPECT_EQ(LateCgroupStep(plan), 0u);
}

TEST(LateCgroupsTest, NotWhereTheyMustBeThereFromTheBeginning) {
  LaunchPlan plan = Plan();
  plan.cgroup.v1.clear();
  EXPECT_EQ(LateCgroupStep(plan), std::nullopt);
  plan = Plan();
  plan.cgroup.joined = true;
  EXPECT_EQ(LateCgroupStep(plan), std::nullopt);
  plan = Plan();
  plan.namespaces.insert(Namespace::kUser);
  EXPECT_EQ(LateCgroupStep(plan), std::nullopt);
  plan = Plan();
  plan.joins = {{Namespace::kNet, "/proc/1/ns/net"}};
  EXPECT_EQ(LateCgroupStep(plan), std::nullopt);
  plan = Plan();
  plan.ops[3] = BindMount{"/sys/fs/cgroup/memory/x", "/sys/fs/cgroup/memory"};
  EXPECT_EQ(LateCgroupStep(plan), std::nullopt);
}

TEST(LateCgroupsTest, LimitsComeWithTheFolders) {
  LaunchPlan plan = Plan();
  const CgroupParts parts = PartsOf(plan);
  EXPECT_EQ(parts.early.v2, plan.cgroup.v2);
  EXPECT_EQ(parts.early.enable, plan.cgroup.enable);
  EXPECT_TRUE(parts.early.v1.empty());
  EXPECT_TRUE(parts.early.limits.empty());
  EXPECT_EQ(parts.late.v1, plan.cgroup.v1);
  EXPECT_EQ(parts.late.limits, plan.cgroup.limits);
  EXPECT_TRUE(parts.late.v2.empty());
  plan.joins = {{Namespace::kNet, "/proc/1/ns/net"}};
  EXPECT_EQ(PartsOf(plan).early, plan.cgroup);
  EXPECT_EQ(PartsOf(plan).late, CgroupSteps());
}

}  // namespace
}  // namespace pelagos::launch
