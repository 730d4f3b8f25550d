// Launches that need the real root: ids, device nodes, cgroups.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <map>

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

  // Cgroups as MakePlan has them: v2 for grouping, what v2 lacks in v1. `name` must be of this
  // test.
  static CgroupSteps Cgroups(const std::string& name,
                             const std::vector<std::pair<std::string, CgroupWrite>>& limits) {
    CgroupSteps steps;
    const absl::StatusOr<sys::CgroupMounts> mounts = sys::ReadCgroupMounts();
    EXPECT_TRUE(mounts.ok()) << mounts.status();
    if (!mounts->v2_mount.empty()) steps.v2 = mounts->v2_mount + "/pelagos-" + name;
    std::map<std::string, std::string> folders;
    for (const auto& [controller, write] : limits) {
      const auto found = mounts->v1_mounts.find(controller);
      if (found == mounts->v1_mounts.end()) continue;
      const std::string folder = found->second + "/pelagos-" + name;
      folders[controller] = folder;
      steps.limits.push_back({folder + "/" + write.file, write.value});
    }
    for (const auto& [controller, folder] : folders) steps.v1.push_back(folder);
    return steps;
  }
  static bool HasV1(const CgroupSteps& steps) { return !steps.v1.empty(); }
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
  plan.cgroup = Cgroups("launch-test-join", {{"memory", {"memory.limit_in_bytes", "33554432"}},
                                             {"pids", {"pids.max", "50"}}});
  if (!HasV1(plan.cgroup)) GTEST_SKIP() << "no v1 hierarchies here";
  const std::string out = Output(plan);
  for (const char* line : {":memory:/\n", ":pids:/\n", "0::/\n"}) {
    EXPECT_TRUE(absl::StrContains(out, line)) << line << " is not in\n" << out;
  }
  EXPECT_FALSE(absl::StrContains(out, "pelagos")) << out;
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());
  for (const std::string& folder : plan.cgroup.v1) EXPECT_NE(::access(folder.c_str(), F_OK), 0);
  EXPECT_NE(::access(plan.cgroup.v2.c_str(), F_OK), 0);
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());  // again: nothing to do
}

TEST_F(LauncherRootedTest, MemoryIsLimited) {
  LaunchPlan plan = Plan({"dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"});
  plan.cgroup =
      Cgroups("launch-test-memory", {{"memory", {"memory.limit_in_bytes", "33554432"}},
                                     {"memory", {"memory.memsw.limit_in_bytes", "33554432"}}});
  if (!HasV1(plan.cgroup)) GTEST_SKIP() << "no v1 memory controller here";
  if (::access((plan.cgroup.v1[0] + "/../memory.memsw.limit_in_bytes").c_str(), F_OK) != 0) {
    plan.cgroup.limits.pop_back();
  }
  const Outcome outcome = Run(plan);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.exit, (ExitStatus{true, SIGKILL})) << outcome.out;
  EXPECT_EQ(*OomKills(plan.cgroup), 1u);
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());
}

TEST_F(LauncherRootedTest, CpuTimeIsLimited) {
  LaunchPlan plan = Shell("i=0; while [ $i -lt 1000000000 ]; do i=$((i+1)); done");
  plan.cgroup = Cgroups("launch-test-cpu", {{"cpu", {"cpu.cfs_period_us", "20000"}},
                                            {"cpu", {"cpu.cfs_quota_us", "2000"}}});
  if (!HasV1(plan.cgroup)) GTEST_SKIP() << "no v1 cpu controller here";
  absl::StatusOr<Starting> starting = Launch(plan, {});
  ASSERT_TRUE(starting.ok()) << starting.status();
  absl::StatusOr<Launched> launched = std::move(*starting).Start();
  ASSERT_TRUE(launched.ok()) << launched.status();
  // It spins. Once it was throttled ten times it has had ten quotas, and at least ten periods.
  uint64_t throttled = 0;
  for (int i = 0; i < 400 && throttled < 10; ++i) {
    const timespec pause = {0, 10'000'000};
    ::nanosleep(&pause, nullptr);
    const std::string stat = *sys::ReadFile(plan.cgroup.v1[0] + "/cpu.stat", 4096);
    for (absl::string_view line : absl::StrSplit(stat, '\n')) {
      if (absl::ConsumePrefix(&line, "nr_throttled ")) (void)absl::SimpleAtoi(line, &throttled);
    }
  }
  EXPECT_GE(throttled, 10u);
  EXPECT_EQ(RemoveCgroups("pelagos-launch-test-cpu", {"/sys/fs/cgroup/cpu", "/none"}),
            absl::OkStatus());
  EXPECT_EQ(*WaitForExit(launched->pidfd), (ExitStatus{true, SIGKILL}));
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());
}

TEST_F(LauncherRootedTest, ADroppedOrFailedLaunchLeavesNoCgroup) {
  LaunchPlan plan = Plan({"nothing"});
  plan.cgroup = Cgroups("launch-test-drop", {{"pids", {"pids.max", "50"}}});
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
  plan.cgroup.limits.push_back(
      {plan.cgroup.v1.empty() ? "/none" : plan.cgroup.v1[0] + "/pids.max", "many"});
  const absl::Status status = Launch(plan, {}).status();
  EXPECT_TRUE(absl::StrContains(status.message(), "cgroup limit: writing 'many' to")) << status;
  EXPECT_TRUE(nothing_left());
}

TEST_F(LauncherRootedTest, ACgroupInUseIsNotTakenOver) {
  LaunchPlan plan = Shell("sleep 1000");
  plan.cgroup = Cgroups("launch-test-use", {{"pids", {"pids.max", "50"}}});
  absl::StatusOr<Starting> starting = Launch(plan, {});
  ASSERT_TRUE(starting.ok()) << starting.status();
  absl::StatusOr<Launched> launched = std::move(*starting).Start();
  ASSERT_TRUE(launched.ok()) << launched.status();
  EXPECT_EQ(Launch(plan, {}).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(sys::IsAlive(launched->identity));
  EXPECT_EQ(RemoveCgroups(plan.cgroup), absl::OkStatus());
  EXPECT_EQ(*WaitForExit(launched->pidfd), (ExitStatus{true, SIGKILL}));
}

}  // namespace
}  // namespace pelagos::launch
