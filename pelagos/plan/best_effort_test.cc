#include "pelagos/plan/best_effort.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pelagos {
namespace {

using Lines = std::vector<std::string>;

CgroupPlan All() {
  CgroupPlan plan = {64_MiB, 50000, 100};
  plan.memory_swap_bytes = int64_t{128_MiB};
  plan.memory_swappiness = 5;
  plan.cpus = {{0, 0}};
  plan.io_weight = 100;
  plan.hugetlb = {{2_MiB, 0}};
  plan.settings = {{"memory.high", "9m"}, {"io.max", "8:0 rbps=1"}, {"cgroup.max.depth", "1"}};
  plan.best_effort = true;
  return plan;
}

HostFacts V2(std::vector<CgroupController> controllers) {
  HostFacts facts;
  facts.cgroups.v2_mount = "/sys/fs/cgroup";
  facts.cgroups.v2_controllers = std::move(controllers);
  facts.cgroups.limits_swap = true;
  return facts;
}

struct Result {
  CgroupPlan plan;
  Lines notes;
};

Result Sieve(const CgroupPlan& asked, const HostFacts& facts) {
  std::vector<PlanNote> notes;
  Result result = {BestEffort(asked, facts, notes), {}};
  for (const PlanNote& note : notes) {
    EXPECT_TRUE(note.asked);
    result.notes.push_back(note.text);
  }
  return result;
}

TEST(BestEffortTest, WhatCanBeSetStays) {
  CgroupPlan plan = {64_MiB, 50000, 100};
  plan.best_effort = true;
  const Result result =
      Sieve(plan, V2({CgroupController::kMemory, CgroupController::kCpu, CgroupController::kPids}));
  EXPECT_EQ(result.plan, plan);
  EXPECT_EQ(result.notes, Lines{});
}

TEST(BestEffortTest, EachThatCannotIsSaid) {
  CgroupPlan expected = {64_MiB, 0, 100};
  expected.settings = {{"memory.high", "9m"}, {"cgroup.max.depth", "1"}};
  expected.best_effort = true;
  HostFacts facts = V2({CgroupController::kMemory, CgroupController::kPids});
  facts.cgroups.limits_swap = false;
  const Result result = Sieve(All(), facts);
  EXPECT_EQ(result.plan, expected);
  EXPECT_EQ(result.notes,
            (Lines{"limit left out: cpus: this host has no cgroup controller 'cpu'",
                   "limit left out: cpuset-cpus: this host has no cgroup controller 'cpuset'",
                   "limit left out: blkio-weight: this host has no cgroup controller 'io'",
                   "limit left out: hugetlb: this host has no cgroup controller 'hugetlb'",
                   "limit left out: memory-swap: this kernel does not count swap",
                   "limit left out: memory-swappiness: cgroup v2 has nothing of the kind",
                   "limit left out: cgroup-conf 'io.max': cgroup v2 of this host has it not"}));
}

TEST(BestEffortTest, WhereNothingCanBeLimited) {
  HostFacts facts = V2({});
  facts.cgroups.usable = false;
  const Result result = Sieve(All(), facts);
  CgroupPlan none;
  none.best_effort = true;
  EXPECT_EQ(result.plan, none);
  EXPECT_EQ(result.notes, Lines{"limit left out: memory, memory-swap, memory-swappiness, cpus, "
                                "cpuset-cpus, pids, blkio-weight, hugetlb, cgroup-conf: this user "
                                "may not make cgroups"});
  EXPECT_EQ(Sieve(none, facts).notes, Lines{});
}

// The rules find it, as without best effort.
TEST(BestEffortTest, NonsenseStays) {
  CgroupPlan plan;
  plan.best_effort = true;
  plan.memory_bytes = 1;
  plan.settings = {{"a/b.c", "1"}};
  EXPECT_EQ(Sieve(plan, V2({CgroupController::kMemory})).plan, plan);
}

}  // namespace
}  // namespace pelagos
