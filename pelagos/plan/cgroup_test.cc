#include "pelagos/plan/cgroup.h"

#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <vector>

namespace pelagos {
namespace {

using Writes = std::vector<CgroupWrite>;
const CgroupPlan kAll = {64_MiB, 50000, 100};

CgroupSteps StepsFor(const std::string& id, const CgroupPlan& plan, const CgroupLayout& layout) {
  HostFacts facts;
  facts.cgroups = layout;
  facts.block_devices["/dev/vda"] = {254, 0};
  facts.online_cpus = IdList{{0, 3}};
  facts.memory_nodes = IdList{{0, 0}};
  return PlanCgroups(id, plan, facts);
}

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
  const CgroupSteps steps = StepsFor("web", kAll, PureV2());
  EXPECT_EQ(steps.v2, "/sys/fs/cgroup/pelagos-web");
  EXPECT_TRUE(steps.v1.empty());
  EXPECT_EQ(steps.enable, (Writes{{"/sys/fs/cgroup/cgroup.subtree_control", "+memory"},
                                  {"/sys/fs/cgroup/cgroup.subtree_control", "+cpu"},
                                  {"/sys/fs/cgroup/cgroup.subtree_control", "+pids"}}));
  EXPECT_EQ(steps.limits, (Writes{{"/sys/fs/cgroup/pelagos-web/memory.max", "67108864"},
                                  {"/sys/fs/cgroup/pelagos-web/memory.oom.group", "1"},
                                  {"/sys/fs/cgroup/pelagos-web/cpu.max", "50000 100000"},
                                  {"/sys/fs/cgroup/pelagos-web/pids.max", "100"}}));
}

TEST(PlanCgroupsTest, HybridLimitsInV1AndGroupsInV2) {
  const CgroupSteps steps = StepsFor("web", kAll, Hybrid());
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
  EXPECT_EQ(StepsFor("a", {1_MiB, 0, 0}, v2).limits,
            (Writes{{"/sys/fs/cgroup/pelagos-a/memory.max", "1048576"},
                    {"/sys/fs/cgroup/pelagos-a/memory.swap.max", "0"},
                    {"/sys/fs/cgroup/pelagos-a/memory.oom.group", "1"}}));
  CgroupLayout hybrid = Hybrid();
  hybrid.limits_swap = true;
  EXPECT_EQ(StepsFor("a", {1_MiB, 0, 0}, hybrid).limits,
            (Writes{{"/sys/fs/cgroup/memory/pelagos-a/memory.limit_in_bytes", "1048576"},
                    {"/sys/fs/cgroup/memory/pelagos-a/memory.memsw.limit_in_bytes", "1048576"}}));
}

TEST(PlanCgroupsTest, ControllersMountedTogetherShareAFolder) {
  CgroupLayout layout;
  layout.v1_mounts = {{CgroupController::kCpu, "/cg/both"}, {CgroupController::kPids, "/cg/both"}};
  const CgroupSteps steps = StepsFor("a", {0, 50000, 7}, layout);
  EXPECT_EQ(steps.v1, std::vector<std::string>{"/cg/both/pelagos-a"});
  EXPECT_TRUE(steps.v2.empty());
}

TEST(PlanCgroupsTest, WithoutLimitsOnlyTheGroupAndItsDevices) {
  CgroupSteps expected;
  expected.v2 = "/sys/fs/cgroup/unified/pelagos-a";
  expected.devices.assign(kDefaultDeviceRules.begin(), kDefaultDeviceRules.end());
  EXPECT_EQ(StepsFor("a", {}, Hybrid()), expected);
  EXPECT_EQ(StepsFor("a", {}, {}), CgroupSteps{});
  CgroupPlan open;
  open.device_rules = *ParseDeviceRules("a *:* rwm");
  expected.devices.clear();
  EXPECT_EQ(StepsFor("a", open, Hybrid()), expected);
}

TEST(PlanCgroupsTest, DevicesInV1WhereThereIsNoV2) {
  CgroupLayout layout;
  layout.v1_mounts = {{CgroupController::kDevices, "/cg/devices"}};
  CgroupPlan plan;
  plan.device_rules = *ParseDeviceRules("c 10:200 rw");
  const CgroupSteps steps = StepsFor("a", plan, layout);
  EXPECT_EQ(steps.v1, std::vector<std::string>{"/cg/devices/pelagos-a"});
  EXPECT_TRUE(steps.devices.empty());
  ASSERT_EQ(steps.limits.size(), kDefaultDeviceRules.size() + 2);
  EXPECT_EQ(steps.limits.front(), (CgroupWrite{"/cg/devices/pelagos-a/devices.deny", "a"}));
  EXPECT_EQ(steps.limits.back(),
            (CgroupWrite{"/cg/devices/pelagos-a/devices.allow", "c 10:200 rw"}));
}

// "FILE=VALUE" of every write, without the folder.
std::vector<std::string> Short(const CgroupSteps& steps) {
  std::vector<std::string> texts;
  for (const CgroupWrite& write : steps.limits) {
    texts.push_back(write.file.substr(write.file.rfind('/') + 1) + "=" + write.value);
  }
  return texts;
}

CgroupPlan Everything() {
  CgroupPlan plan = kAll;
  plan.memory_reservation_bytes = 32_MiB;
  plan.memory_swap_bytes = int64_t{96_MiB};
  plan.cpu_period_microseconds = 50000;
  plan.cpu_shares = 2048;
  plan.cpus = {{0, 1}};
  plan.memory_nodes = {{0, 0}};
  plan.io_weight = 500;
  plan.io = {{IoLimitKind::kReadBps, "/dev/vda", 1_MiB}, {IoLimitKind::kWriteIops, "/dev/vda", 9}};
  plan.hugetlb = {{2_MiB, 4_MiB}};
  return plan;
}

constexpr CgroupController kAllControllers[] = {
    CgroupController::kMemory, CgroupController::kCpu, CgroupController::kCpuset,
    CgroupController::kPids,   CgroupController::kIo,  CgroupController::kHugetlb};

TEST(PlanCgroupsTest, EveryLimitInV2) {
  CgroupLayout layout = PureV2();
  layout.limits_swap = true;
  layout.v2_controllers.assign(std::begin(kAllControllers), std::end(kAllControllers));
  CgroupPlan plan = Everything();
  plan.settings = {{"memory.high", "60m"}};
  const CgroupSteps steps = StepsFor("a", plan, layout);
  EXPECT_EQ(Short(steps),
            (std::vector<std::string>{
                "memory.max=67108864", "memory.swap.max=33554432", "memory.low=33554432",
                "memory.oom.group=1", "cpu.weight=174", "cpu.max=50000 50000", "cpuset.cpus=0-1",
                "cpuset.mems=0", "pids.max=100", "io.bfq.weight=500", "io.max=254:0 rbps=1048576",
                "io.max=254:0 wiops=9", "hugetlb.2MB.max=4194304", "memory.high=60m"}));
  EXPECT_EQ(steps.limits[9].other_file, "/sys/fs/cgroup/pelagos-a/io.weight");
  EXPECT_EQ(steps.limits[9].other_value, "4950");
  EXPECT_EQ(steps.enable.size(), std::size(kAllControllers));
  EXPECT_TRUE(steps.v1.empty());
}

TEST(PlanCgroupsTest, EveryLimitInV1) {
  CgroupLayout layout;
  layout.limits_swap = true;
  for (CgroupController controller : kAllControllers) {
    layout.v1_mounts[controller] = "/cg/" + std::string(NameOf(controller));
  }
  CgroupPlan plan = Everything();
  plan.memory_swappiness = 7;
  plan.oom_kill_disable = true;
  EXPECT_EQ(Short(StepsFor("a", plan, layout)),
            (std::vector<std::string>{
                "memory.limit_in_bytes=67108864", "memory.memsw.limit_in_bytes=100663296",
                "memory.soft_limit_in_bytes=33554432", "memory.swappiness=7",
                "memory.oom_control=1", "cpu.shares=2048", "cpu.cfs_period_us=50000",
                "cpu.cfs_quota_us=50000", "cpuset.cpus=0-1", "cpuset.mems=0", "pids.max=100",
                "blkio.bfq.weight=500", "blkio.throttle.read_bps_device=254:0 1048576",
                "blkio.throttle.write_iops_device=254:0 9", "hugetlb.2MB.limit_in_bytes=4194304"}));
  // Half of a cpuset would let nobody join.
  CgroupPlan nodes;
  nodes.memory_nodes = {{0, 0}};
  EXPECT_EQ(Short(StepsFor("a", nodes, layout)),
            (std::vector<std::string>{"cpuset.cpus=0-3", "cpuset.mems=0"}));
}

TEST(PlanCgroupsTest, SwapWithoutALimit) {
  CgroupPlan plan = {64_MiB};
  plan.memory_swap_bytes = CgroupPlan::kUnlimited;
  CgroupLayout layout = PureV2();
  layout.limits_swap = true;
  EXPECT_EQ(Short(StepsFor("a", plan, layout))[1], "memory.swap.max=max");
  CgroupLayout hybrid = Hybrid();
  hybrid.limits_swap = true;
  EXPECT_EQ(Short(StepsFor("a", plan, hybrid))[1], "memory.memsw.limit_in_bytes=-1");
}

TEST(PlanCgroupsTest, BelowAParent) {
  CgroupPlan plan = {64_MiB};
  plan.parent = "/a//b";
  const CgroupSteps v2 = StepsFor("x", plan, PureV2());
  EXPECT_EQ(v2.v2, "/sys/fs/cgroup/a/b/pelagos-x");
  EXPECT_EQ(v2.parent, "a/b/");
  EXPECT_EQ(v2.parents, (std::vector<std::string>{"/sys/fs/cgroup/a", "/sys/fs/cgroup/a/b"}));
  EXPECT_EQ(v2.enable, (Writes{{"/sys/fs/cgroup/cgroup.subtree_control", "+memory"},
                               {"/sys/fs/cgroup/a/cgroup.subtree_control", "+memory"},
                               {"/sys/fs/cgroup/a/b/cgroup.subtree_control", "+memory"}}));
  const CgroupSteps hybrid = StepsFor("x", plan, Hybrid());
  EXPECT_EQ(hybrid.v1, std::vector<std::string>{"/sys/fs/cgroup/memory/a/b/pelagos-x"});
  EXPECT_EQ(hybrid.parents,
            (std::vector<std::string>{"/sys/fs/cgroup/unified/a", "/sys/fs/cgroup/unified/a/b",
                                      "/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory/a/b"}));
}

TEST(CpuWeightTest, AgreesWithOthers) {
  // Of the tests of github.com/opencontainers/cgroups.
  EXPECT_EQ(CpuWeight(2), 1u);
  EXPECT_EQ(CpuWeight(1024), 100u);
  EXPECT_EQ(CpuWeight(262144), 10000u);
  uint64_t last = 0;
  for (uint64_t shares = 2; shares <= 262144; shares += 13) {
    const uint64_t weight = CpuWeight(shares);
    EXPECT_GE(weight, last);
    EXPECT_LE(weight, 10000u);
    last = weight;
  }
}

TEST(IoWeightTest, Ends) {
  EXPECT_EQ(IoWeight(10), 1u);
  EXPECT_EQ(IoWeight(1000), 10000u);
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
