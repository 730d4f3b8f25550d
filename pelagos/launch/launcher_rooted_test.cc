// Launches that need the real root: ids, device nodes, cgroups.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <set>

#include "absl/strings/str_split.h"
#include "pelagos/launch/cgroup.h"
#include "pelagos/launch/launcher.h"
#include "pelagos/launch/test_support.h"
#include "pelagos/sys/cgroup_fs.h"

namespace pelagos::launch {
namespace {

class LauncherRootedTest : public LaunchFixture {
 protected:
  void SetUp() override {
    const absl::StatusOr<std::string> map = sys::ReadFile("/proc/self/uid_map", 4096);
    if (::geteuid() != 0 || !map.ok() || !absl::StrContains(*map, "4294967295")) {
      GTEST_SKIP() << "needs root of the initial user namespace";
    }
    LaunchFixture::SetUp();
  }
  void TearDown() override {
    if (!IsSkipped()) LaunchFixture::TearDown();
  }

  static std::vector<Op> AsUser(uint32_t id) { return {SetUser{id, id, {id + 1, id + 2}}}; }

  // A limit as it is written in either version.
  struct Limit {
    std::string controller;
    CgroupWrite v1, v2;
  };

  // Cgroups as MakePlan has them: v2 for grouping and for what it has, the rest in v1. What is
  // nowhere is left out. `name` must be of this test.
  static CgroupSteps Cgroups(const std::string& name, const std::vector<Limit>& limits) {
    CgroupSteps steps;
    const absl::StatusOr<sys::CgroupMounts> mounts = sys::ReadCgroupMounts();
    EXPECT_TRUE(mounts.ok()) << mounts.status();
    if (!mounts->v2_mount.empty()) steps.v2 = mounts->v2_mount + "/pelagos-" + name;
    std::set<std::string> v1;
    for (const Limit& limit : limits) {
      const std::vector<std::string>& in_v2 = mounts->v2_controllers;
      if (std::find(in_v2.begin(), in_v2.end(), limit.controller) != in_v2.end()) {
        steps.enable.push_back(
            {mounts->v2_mount + "/cgroup.subtree_control", "+" + limit.controller});
        steps.limits.push_back({steps.v2 + "/" + limit.v2.file, limit.v2.value});
        continue;
      }
      const auto found = mounts->v1_mounts.find(limit.controller);
      if (found == mounts->v1_mounts.end()) continue;
      const std::string folder = found->second + "/pelagos-" + name;
      v1.insert(folder);
      steps.limits.push_back({folder + "/" + limit.v1.file, limit.v1.value});
    }
    steps.v1.assign(v1.begin(), v1.end());
    return steps;
  }

  static Limit PidsLimit() { return {"pids", {"pids.max", "50"}, {"pids.max", "50"}}; }
  static Limit MemoryLimit() {
    return {"memory", {"memory.limit_in_bytes", "33554432"}, {"memory.max", "33554432"}};
  }
};

TEST_F(LauncherRootedTest, AnOrdinaryUserHasItsIdsAndNoCapabilities) {
  EXPECT_EQ(Output(Shell("id; grep -E '^(Cap|Groups)' /proc/self/status", {}, AsUser(1000))),
            "uid=1000 gid=1000 groups=1001,1002\n"
            "Groups:\t1001 1002 \n"
            "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
            "CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n");
  EXPECT_EQ(
      Output(Shell("touch /etc/x; touch /tmp/x; echo x > /etc/hosts; true", {}, AsUser(1000))),
      "touch: /etc/x: Permission denied\ntouch: /tmp/x: Permission denied\n"
      "sh: can't create /etc/hosts: Permission denied\n");
}

TEST_F(LauncherRootedTest, AnOrdinaryUserCanOpenItsStreamsByName) {
  EXPECT_EQ(Output(Shell("echo anew > /proc/self/fd/1; cat /dev/null", {}, AsUser(1000))),
            "anew\n");
}

TEST_F(LauncherRootedTest, AnOrdinaryUsersContainerDiesWithItsParentToo) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  const LaunchPlan plan = Shell("echo up; exec sleep 1000", {}, AsUser(1000));
  const pid_t parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    absl::StatusOr<Starting> starting = Launch(plan, {-1, writer.get(), writer.get()});
    if (!starting.ok() || !std::move(*starting).Start().ok()) ::_exit(1);
    for (;;) ::pause();
  }
  writer.reset();
  char text[3];
  ASSERT_EQ(::read(reader.get(), text, 3), 3);
  ASSERT_EQ(::kill(parent, SIGKILL), 0);
  EXPECT_EQ(*sys::ReadAll(reader, 100, "pipe"), "");
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
}

TEST_F(LauncherRootedTest, TheWorkingFolderBelongsToTheUser) {
  LaunchPlan plan = Shell("pwd; touch made && stat -c %u:%g .", {}, AsUser(1000));
  std::replace(plan.ops.begin(), plan.ops.end(), Op(ChangeFolder{"/"}),
               Op(ChangeFolder{"/home/app"}));
  EXPECT_EQ(Output(plan), "/home/app\n1000:1000\n");
}

TEST_F(LauncherRootedTest, MakesItsOwnDevices) {
  EXPECT_EQ(Output(Shell("stat -c '%F %a %t:%T' /dev/null /dev/zero; echo x > /dev/null; "
                         "head -c 3 /dev/zero | wc -c; grep -c . /proc/self/mountinfo")),
            "character special file 666 1:3\ncharacter special file 666 1:5\n3\n5\n");
}

TEST_F(LauncherRootedTest, LayersMayHaveAnyName) {
  const std::string odd = folder() + "/o:d,d \\1";
  ASSERT_TRUE(sys::MakeFolders(odd, 0755).ok());
  ASSERT_TRUE(sys::WriteFileAtomically(odd + "/marker", "odd\n", 0644).ok());
  LaunchPlan plan = Shell("cat /marker; echo up > /file");
  const std::string upper = folder() + "/up,per", work = folder() + "/wo:rk";
  plan.folders = {upper, work};
  plan.ops[1] = MountOverlayRoot{{odd, image()}, upper, work, folder() + "/mnt"};
  EXPECT_EQ(Output(plan), "odd\n");
  EXPECT_EQ(*sys::ReadFile(upper + "/file", 100), "up\n");
}

TEST_F(LauncherRootedTest, LeavesNoMountOnTheHost) {
  const std::string before = *sys::ReadFile("/proc/self/mountinfo", 1u << 20);
  EXPECT_EQ(Output(Plan({"true"})), "");
  EXPECT_FALSE(Run(Plan({"nothing"})).status.ok());
  EXPECT_EQ(*sys::ReadFile("/proc/self/mountinfo", 1u << 20), before);
}

TEST_F(LauncherRootedTest, JoinsItsCgroupsAndSeesThemAsRoots) {
  LaunchPlan plan = Shell("cat /proc/self/cgroup; sleep 1000 & sleep 1000 & true");
  plan.cgroup = Cgroups("launch-test-join", {MemoryLimit(), PidsLimit()});
  ASSERT_EQ(plan.cgroup.limits.size(), 2u) << "no memory and pids controllers here";
  const std::string out = Output(plan);
  std::vector<std::string> lines = {"0::/\n"};
  if (!plan.cgroup.v1.empty()) lines.insert(lines.end(), {":memory:/\n", ":pids:/\n"});
  for (const std::string& line : lines) {
    EXPECT_TRUE(absl::StrContains(out, line)) << line << " is not in\n" << out;
  }
  EXPECT_FALSE(absl::StrContains(out, "pelagos")) << out;
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());
  for (const std::string& folder : plan.cgroup.v1) EXPECT_NE(::access(folder.c_str(), F_OK), 0);
  EXPECT_NE(::access(plan.cgroup.v2.c_str(), F_OK), 0);
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());  // again: nothing to do
}

// Many processes in folders below each other, in every hierarchy: killed, and gone, each time; no
// time is lost by waiting for less.
TEST_F(LauncherRootedTest, FullCgroupsAreRemovedAtOnce) {
  const absl::StatusOr<sys::CgroupMounts> mounts = sys::ReadCgroupMounts();
  ASSERT_TRUE(mounts.ok()) << mounts.status();
  std::vector<std::string> hierarchies;
  if (!mounts->v2_mount.empty()) hierarchies.push_back(mounts->v2_mount);
  if (const auto pids = mounts->v1_mounts.find("pids"); pids != mounts->v1_mounts.end()) {
    hierarchies.push_back(pids->second);
  }
  ASSERT_FALSE(hierarchies.empty());
  for (int round = 0; round < 20; ++round) {
    std::vector<pid_t> children;
    for (const std::string& hierarchy : hierarchies) {
      const std::string top = hierarchy + "/pelagos-launch-test-full";
      for (const char* below : {"", "/a", "/a/b", "/c"}) {
        const std::string folder = top + below;
        ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0) << folder;
        for (int i = 0; i < 3; ++i) {
          const pid_t child = ::fork();
          ASSERT_GE(child, 0);
          if (child == 0) {
            for (;;) ::pause();
          }
          children.push_back(child);
          ASSERT_TRUE(sys::WriteKernelFile(folder + "/cgroup.procs", absl::StrCat(child)).ok());
        }
      }
    }
    EXPECT_EQ(RemoveCgroups("pelagos-launch-test-full", hierarchies), absl::OkStatus());
    for (const std::string& hierarchy : hierarchies) {
      EXPECT_NE(::access((hierarchy + "/pelagos-launch-test-full").c_str(), F_OK), 0) << hierarchy;
    }
    for (const pid_t child : children) {
      int status = 0;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    }
  }
}

TEST_F(LauncherRootedTest, MemoryIsLimited) {
  LaunchPlan plan = Plan({"dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"});
  plan.cgroup =
      Cgroups("launch-test-memory",
              {MemoryLimit(),
               {"memory", {"memory.memsw.limit_in_bytes", "33554432"}, {"memory.swap.max", "0"}}});
  ASSERT_EQ(plan.cgroup.limits.size(), 2u) << "no memory controller here";
  // A kernel without swap accounting has no file for it.
  if (!plan.cgroup.v1.empty() &&
      ::access((plan.cgroup.v1[0] + "/../memory.memsw.limit_in_bytes").c_str(), F_OK) != 0) {
    plan.cgroup.limits.pop_back();
  }
  const Outcome outcome = Run(plan);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.exit, (ExitStatus{true, SIGKILL})) << outcome.out;
  EXPECT_EQ(*OomKills(plan.cgroup), 1u);
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());
}

TEST_F(LauncherRootedTest, CpuTimeIsLimited) {
  // Says when it has had twenty quotas, and spins on.
  LaunchPlan plan = Shell(
      "while read -r used rest < /proc/self/schedstat && [ $used -lt 40000000 ]; do :; done;"
      "echo used; while :; do :; done");
  plan.cgroup =
      Cgroups("launch-test-cpu", {{"cpu", {"cpu.cfs_period_us", "20000"}, {"cpu.max", "max 20000"}},
                                  {"cpu", {"cpu.cfs_quota_us", "2000"}, {"cpu.max", "2000"}}});
  ASSERT_EQ(plan.cgroup.limits.size(), 2u) << "no cpu controller here";
  const std::string counted = plan.cgroup.v1.empty() ? plan.cgroup.v2 : plan.cgroup.v1[0];
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  absl::StatusOr<Starting> starting = Launch(plan, {-1, writer.get(), writer.get()});
  ASSERT_TRUE(starting.ok()) << starting.status();
  absl::StatusOr<Launched> launched = std::move(*starting).Start();
  ASSERT_TRUE(launched.ok()) << launched.status();
  writer.reset();
  char text[5];
  ASSERT_EQ(::read(reader.get(), text, 5), 5);
  EXPECT_EQ(absl::string_view(text, 5), "used\n");
  // Whoever overdraws its quota, by as much as a tick, is held back for longer: half of them.
  uint64_t throttled = 0;
  const std::string stat = *sys::ReadFile(counted + "/cpu.stat", 4096);
  for (absl::string_view line : absl::StrSplit(stat, '\n')) {
    if (absl::ConsumePrefix(&line, "nr_throttled ")) (void)absl::SimpleAtoi(line, &throttled);
  }
  EXPECT_GE(throttled, 10u) << stat;
  EXPECT_EQ(RemoveCgroups("pelagos-launch-test-cpu", {sys::FolderOf(counted), "/none"}),
            absl::OkStatus());
  EXPECT_EQ(*WaitForExit(launched->pidfd), (ExitStatus{true, SIGKILL}));
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());
}

TEST_F(LauncherRootedTest, ADroppedOrFailedLaunchLeavesNoCgroup) {
  LaunchPlan plan = Plan({"nothing"});
  plan.cgroup = Cgroups("launch-test-drop", {PidsLimit()});
  ASSERT_FALSE(plan.cgroup.v2.empty() && plan.cgroup.v1.empty());
  const auto nothing_left = [&plan] {
    for (const std::string& folder : plan.cgroup.v1) {
      if (::access(folder.c_str(), F_OK) == 0) return false;
    }
    return plan.cgroup.v2.empty() || ::access(plan.cgroup.v2.c_str(), F_OK) != 0;
  };
  EXPECT_FALSE(Run(plan).status.ok());
  EXPECT_TRUE(nothing_left());
  EXPECT_TRUE(Launch(plan, {}).ok());  // dropped at once
  EXPECT_TRUE(nothing_left());
  plan.ops.insert(plan.ops.begin() + 2, BindMount{"/no/such", "/x", false});
  EXPECT_FALSE(Launch(plan, {}).ok());
  EXPECT_TRUE(nothing_left());
  plan.ops.erase(plan.ops.begin() + 2);
  ASSERT_EQ(plan.cgroup.limits.size(), 1u) << "no pids controller here";
  plan.cgroup.limits.push_back({plan.cgroup.limits[0].file, "many"});
  const absl::Status status = Launch(plan, {}).status();
  EXPECT_TRUE(absl::StrContains(status.message(), "cgroup limit: writing 'many' to")) << status;
  EXPECT_TRUE(nothing_left());
}

TEST_F(LauncherRootedTest, ACgroupInUseIsNotTakenOver) {
  LaunchPlan plan = Shell("sleep 1000");
  plan.cgroup = Cgroups("launch-test-use", {PidsLimit()});
  absl::StatusOr<Starting> starting = Launch(plan, {});
  ASSERT_TRUE(starting.ok()) << starting.status();
  absl::StatusOr<Launched> launched = std::move(*starting).Start();
  ASSERT_TRUE(launched.ok()) << launched.status();
  EXPECT_EQ(Launch(plan, {}).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(sys::Signal(launched->pidfd, 0).ok());
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());
  EXPECT_EQ(*WaitForExit(launched->pidfd), (ExitStatus{true, SIGKILL}));
}

}  // namespace
}  // namespace pelagos::launch
