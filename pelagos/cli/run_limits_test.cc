#include "pelagos/cli/run_limits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pelagos::cli {
namespace {

absl::StatusOr<CgroupPlan> PlanOf(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(LimitFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  if (absl::Status applied = ApplyLimits(*args, spec); !applied.ok()) return applied;
  return spec.cgroup;
}

TEST(RunLimitsTest, NoneIsNone) { EXPECT_EQ(*PlanOf({}), CgroupPlan{}); }

TEST(RunLimitsTest, Memory) {
  CgroupPlan plan = {64_MiB};
  plan.memory_reservation_bytes = 32_MiB;
  plan.memory_swap_bytes = int64_t{128_MiB};
  plan.memory_swappiness = 0;
  plan.oom_kill_disable = true;
  EXPECT_EQ(*PlanOf({"-m", "64m", "--memory-reservation", "32m", "--memory-swap", "128m",
                     "--memory-swappiness", "0", "--oom-kill-disable"}),
            plan);
  EXPECT_EQ(PlanOf({"--memory-swap", "-1"})->memory_swap_bytes, CgroupPlan::kUnlimited);
  EXPECT_FALSE(PlanOf({"--memory-swappiness", "-1"})->memory_swappiness);
}

TEST(RunLimitsTest, Cpu) {
  CgroupPlan plan;
  plan.cpu_quota_microseconds = 20000;
  plan.cpu_period_microseconds = 40000;
  plan.cpu_shares = 512;
  plan.cpus = {{0, 1}};
  plan.memory_nodes = {{0, 0}};
  EXPECT_EQ(*PlanOf({"--cpu-quota", "20000", "--cpu-period", "40000", "--cpu-shares", "512",
                     "--cpuset-cpus", "0,1", "--cpuset-mems", "0"}),
            plan);
  EXPECT_EQ(PlanOf({"--cpus", "0.5"})->cpu_quota_microseconds, 50000u);
  EXPECT_TRUE(PlanOf({"--cpu-quota", "-1", "--cpu-shares", "0"})->empty());
}

TEST(RunLimitsTest, TheRest) {
  CgroupPlan plan;
  plan.pids = 7;
  plan.io_weight = 10;
  plan.io = {{IoLimitKind::kReadBps, "/dev/a", 1_MiB},
             {IoLimitKind::kReadBps, "/dev/b", 1},
             {IoLimitKind::kWriteIops, "/dev/a", 5}};
  plan.hugetlb = {{2_MiB, 0}};
  plan.settings = {{"memory.high", "9m"}};
  plan.device_rules = {*FindDeviceRule("b 8:0 r"), *FindDeviceRule("c 8:0 r")};
  plan.parent = "a/b";
  EXPECT_EQ(*PlanOf({"--pids-limit", "7", "--blkio-weight", "10", "--device-write-iops", "/dev/a:5",
                     "--device-read-bps", "/dev/a:1m", "--device-read-bps", "/dev/b:1", "--hugetlb",
                     "2m:0", "--cgroup-conf", "memory.high=9m", "--device-cgroup-rule", "a 8:0 r",
                     "--cgroup-parent", "a/b"}),
            plan);
  EXPECT_TRUE(PlanOf({"--pids-limit", "-1"})->empty());
  EXPECT_TRUE(PlanOf({"--blkio-weight", "0"})->empty());
  EXPECT_TRUE(PlanOf({"--limits", "best-effort"})->best_effort);
  EXPECT_TRUE(PlanOf({"--limits", "strict"})->empty());
  // By the original's names.
  EXPECT_EQ(PlanOf({"--hugepage-limit", "2m=64m"}), PlanOf({"--hugetlb", "2m:64m"}));
  EXPECT_EQ(PlanOf({"--cgroup-path", "a/b"}), PlanOf({"--cgroup-parent", "a/b"}));
}

TEST(RunLimitsTest, MistakesNameTheFlagAndWhatWasExpected) {
  struct Row {
    std::vector<std::string> words;
    std::string message;
  };
  const Row rows[] = {
      {{"--memory", "much"}, "--memory 'much': expected a size such as 512m or 1.5g"},
      {{"--memory-swap", "-2"},
       "--memory-swap '-2': expected memory and swap together, such as 1g, or -1 for no limit"},
      {{"--memory-swappiness", "101"}, "--memory-swappiness '101': expected 0 to 100, or -1"},
      {{"--cpu-shares", "1"}, "--cpu-shares '1': expected 2 to 262144"},
      {{"--cpu-period", "+1000"}, "--cpu-period '+1000': expected microseconds, 1000 to 1000000"},
      {{"--cpuset-cpus", "3-1"}, "--cpuset-cpus '3-1': expected a list such as 0-3,8"},
      {{"--pids-limit", ""}, "--pids-limit '': expected 1 to 4194304, or -1 for no limit"},
      {{"--device-read-iops", "/dev/a:1m"},
       "--device-read-iops '/dev/a:1m': expected PATH:RATE, such as /dev/sda:1000, per second"},
      {{"--hugetlb", "3m:1m"}, "--hugetlb '3m:1m': expected PAGE:SIZE, such as 2m:64m"},
      {{"--cgroup-conf", "a/b.c=1"},
       "--cgroup-conf 'a/b.c=1': expected CONTROLLER.FILE=VALUE, such as memory.high=64m"},
      {{"--device-cgroup-rule", "c 1:3"},
       "--device-cgroup-rule 'c 1:3': expected TYPE MAJOR:MINOR ACCESS: 'c 1:3 rwm'"},
      {{"--hugepage-limit", "2m"}, "--hugepage-limit '2m': expected PAGE=SIZE, such as 2m=64m"},
      {{"--cgroup-path", "../x"}, "--cgroup-path '../x' must not hold . or .."},
      {{"--limits", "loose"}, "--limits 'loose': expected strict or best-effort"},
      {{"--cgroup-parent", "../x"}, "--cgroup-parent '../x' must not hold . or .."},
      {{"--cpus", "1", "--cpu-quota", "5000"},
       "--cpus is a quota of its own: it does not go with --cpu-quota and --cpu-period"},
  };
  for (const Row& row : rows) {
    const auto plan = PlanOf(row.words);
    ASSERT_FALSE(plan.ok()) << row.message;
    EXPECT_EQ(plan.status().message(), row.message);
  }
}

}  // namespace
}  // namespace pelagos::cli
