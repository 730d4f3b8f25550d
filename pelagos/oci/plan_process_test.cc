// The process of a bundle, and one that joins a container later.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "pelagos/oci/plan_bundle_testing.h"

namespace pelagos::oci {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PlanProcessTest, WhatTheProcessIsLike) {
  Config config = Minimal();
  config.process = *ReadProcess(R"({"cwd": "/w", "args": ["a", "b"], "env": ["HOME=/h"],
    "terminal": true, "user": {"uid": 5, "gid": 6, "umask": 63, "additionalGids": [7]},
    "oomScoreAdj": 100, "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 2}],
    "scheduler": {"policy": "SCHED_BATCH", "nice": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]},
    "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 5},
    "capabilities": {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL"],
                     "effective": ["CAP_KILL"], "ambient": ["CAP_KILL"]}})");
  config.linux_part->personality = Personality{"LINUX32", {}};
  config.linux_part->memory_policy = MemoryPolicy{"MPOL_BIND", "0", {"MPOL_F_STATIC_NODES"}};
  config.linux_part->rootfs_propagation = "rslave";
  config.root->readonly = true;
  const auto steps = Steps(config);
  const auto pivot = std::find(steps.begin(), steps.end(), "pivot root");
  EXPECT_THAT(
      std::vector<std::string>(pivot, steps.end()),
      ElementsAre("pivot root", "mount at / rslave", "work folder /w", "make the root read-only",
                  "CPUs 0-8191", "personality 0x8", "set_mempolicy mode 32770 nodes 0",
                  "scheduler policy 3 flags 1 nice 3", "I/O class 2 level 5", "limit nofile 1:2",
                  "umask 0077", "user 5:6 groups 7",
                  "capabilities: chown kill; permitted: kill; effective: kill; "
                  "inheritable: none; ambient: none",
                  "await start of the program", "exec a b"));
  EXPECT_THAT(steps, Contains("oom_score_adj 100"));
  EXPECT_THAT(steps, Contains("terminal of user 5 -> /dev/console"));
}

TEST(PlanProcessTest, MistakesOfTheProcess) {
  Config config = Minimal();
  config.process = *ReadProcess(R"({"cwd": "w", "args": [""], "oomScoreAdj": 2000,
    "apparmorProfile": "p", "selinuxLabel": "a:b:c", "user": {"uid": 4294967295},
    "rlimits": [{"type": "RLIMIT_X", "soft": 1, "hard": 2},
                {"type": "RLIMIT_CPU", "soft": 3, "hard": 2},
                {"type": "RLIMIT_CPU", "soft": 1, "hard": 2}],
    "scheduler": {"policy": "SCHED_OTHER", "priority": 4},
    "ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 8}})");
  EXPECT_THAT(
      Steps(config),
      ElementsAre("/process/apparmorProfile: this host's kernel does not enforce AppArmor",
                  "/process/selinuxLabel: SELinux is off on this host",
                  "/process/oomScoreAdj: must be from -1000 to 1000",
                  "/process/cwd: must be an absolute path",
                  "/process/scheduler/priority: is for SCHED_FIFO and SCHED_RR only",
                  "/process/ioPriority/priority: must be from 0 to 7",
                  "/process/rlimits/0/type: 'RLIMIT_X' is no limit of getrlimit(2)",
                  "/process/rlimits/1: has a soft limit above its hard limit",
                  "/process/rlimits/2/type: stands twice",
                  "/process/user/uid: 4294967295 is no user", "/process/args: must not be empty"));
}

TEST(PlanProcessTest, OfVariablesThatStandTwiceTheLastOneCounts) {
  Config config = Minimal();
  config.process->env = {"A=1", "HOME=/x", "B=2", "A=3", "HOME="};
  BundleFacts facts = Facts();
  facts.home = "/root";
  const auto plan = PlanBundle(config, facts);
  EXPECT_EQ(std::get<Exec>(plan->ops.back()).env,
            (std::vector<std::string>{"B=2", "A=3", "HOME=/root"}));
}

TEST(PlanProcessTest, CapabilitiesThatTheKernelWouldRefuseAreLeftOutAndTold) {
  Config config = Minimal();
  const Texts two = {"CAP_KILL", "CAP_CHOWN"};
  config.process->capabilities = Capabilities{};
  config.process->capabilities->bounding = {"CAP_KILL"};
  config.process->capabilities->permitted = {"CAP_KILL"};
  config.process->capabilities->effective = two;
  config.process->capabilities->inheritable = two;
  config.process->capabilities->ambient = two;
  const auto plan = PlanBundle(config, Facts());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(Steps(config), Contains("capabilities: kill; permitted: kill; effective: kill; "
                                      "inheritable: kill; ambient: kill"));
  std::vector<std::string> notes;
  for (const PlanNote& note : plan->notes) notes.push_back(note.text);
  EXPECT_THAT(notes, Contains("left out, effective but not permitted: capabilities chown"));
  EXPECT_THAT(notes,
              Contains("left out, inheritable but outside the bounding set: capabilities chown"));
}

TEST(PlanProcessTest, CapabilitiesThatTheCallerLacksAreLeftOutAndTold) {
  Config config = Minimal();
  Texts two = {"CAP_KILL", "CAP_SYS_RESOURCE", "CAP_FUTURE"};
  config.process->capabilities = Capabilities{two, two, {}, two, {}};
  BundleFacts facts = Facts();
  facts.host.capabilities = {"kill"_cap, "chown"_cap};
  const auto plan = PlanBundle(config, facts);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(Steps(config, facts),
              Contains("capabilities: kill; permitted: kill; effective: kill; inheritable: none; "
                       "ambient: none"));
  std::vector<std::string> notes;
  for (const PlanNote& note : plan->notes) notes.push_back(note.text);
  EXPECT_THAT(notes, Contains(HasSubstr("the caller lacks them: capabilities sys-resource")));
  EXPECT_THAT(notes, Contains("ignoring unknown capability CAP_FUTURE"));
}

TEST(PlanExecTest, JoinsWhatIsThere) {
  ExecFacts facts;
  facts.id = "c1";
  facts.cgroups = {"/c", {}, {{"cpu", "/v/cpu"}, {"cpuacct", "/v/cpu"}}};
  facts.root = "/proc/7/root";
  facts.joins = {{Namespace::kPid, "/proc/7/ns/pid"}, {Namespace::kMount, "/proc/7/ns/mnt"}};
  Process process = *ReadProcess(R"({"cwd": "/", "args": ["id"], "user": {"uid": 3},
                                     "execCPUAffinity": {"initial": "0", "final": "0-1"}})");
  const auto plan = PlanExec(Minimal(), process, facts);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->cgroup.joined);
  EXPECT_EQ(plan->cgroup.v2, "/c");
  EXPECT_THAT(plan->cgroup.v1, ElementsAre("/v/cpu"));
  std::vector<std::string> steps;
  for (const Op& op : plan->ops) steps.push_back(Describe(op));
  EXPECT_THAT(steps, ElementsAre("enter the root /proc/7/root, if it is on another mount",
                                 "session keyring _ses.c1", "await start",
                                 "work folder /, which must be there", "CPUs 0-1", "user 3:0",
                                 HasSubstr("capabilities: none"), "exec id"));
}

TEST(PlanExecTest, HasWhatAllProcessesOfTheContainerHave) {
  Config config = Minimal();
  config.linux_part->personality = Personality{"LINUX32", {}};
  config.linux_part->memory_policy = MemoryPolicy{"MPOL_PREFERRED", "0", {}};
  const Process process = *ReadProcess(R"({"cwd": "/", "args": ["id"]})");
  const auto plan = PlanExec(config, process, ExecFacts());
  ASSERT_TRUE(plan.ok()) << plan.status();
  std::vector<std::string> steps;
  for (const Op& op : plan->ops) steps.push_back(Describe(op));
  EXPECT_THAT(steps, AllOf(Contains("CPUs 0-8191"), Contains("personality 0x8"),
                           Contains("set_mempolicy mode 1 nodes 0")));
}

}  // namespace
}  // namespace pelagos::oci
