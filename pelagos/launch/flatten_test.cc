#include "pelagos/launch/flatten.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "absl/strings/match.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/launch/seccomp_program.h"

namespace pelagos::launch {
namespace {

constexpr int kChannel = 900;  // only a number here

LaunchPlan Plan(std::vector<Op> ops) {
  LaunchPlan plan;
  plan.id = "x";
  plan.namespaces = kDefaultNamespaces;
  plan.ops = std::move(ops);
  return plan;
}

const Op kRoot = MountOverlayRoot{{"/l/a:b", "/l/c"}, "/u", "/w", "/m"};
const Op kTrue = Exec{{"true"}, {"PATH=/a::/b", "HOME=/"}};

std::string Problem(const LaunchPlan& plan) {
  return std::string(Flatten(plan, {}, kChannel).status().message());
}

TEST(FlattenTest, TextsAndListsEndUpInPlainMemory) {
  const LaunchPlan plan =
      Plan({MakeMountsPrivate{}, kRoot, MountFilesystem{"proc", "proc", "/proc", 14, "hidepid=2"},
            MakeSymlink{"/proc/self/fd", "/dev/fd"}, SetHostname{"web"}, kTrue});
  absl::StatusOr<FlatPlan> made = Flatten(plan, {}, kChannel);
  ASSERT_TRUE(made.ok()) << made.status();
  const FlatPlan flat = *std::move(made);  // pointers survive the move
  const ChildPlan& child = flat.child();
  ASSERT_EQ(child.op_count, 6u);
  EXPECT_EQ(child.ops[0].call, ChildCall::kMakeMountsPrivate);
  EXPECT_EQ(child.ops[1].call, ChildCall::kMountRoot);
  EXPECT_STREQ(child.ops[1].mount_root.options, "lowerdir=/l/a\\:b:/l/c,upperdir=/u,workdir=/w");
  EXPECT_EQ(child.ops[1].mount_root.folder, nullptr);
  EXPECT_STREQ(child.ops[2].mount.data, "hidepid=2");
  EXPECT_EQ(child.ops[2].mount.flags, 14u);
  EXPECT_STREQ(child.ops[3].symlink.folder, "/dev");
  EXPECT_STREQ(child.ops[3].symlink.name, "fd");
  EXPECT_EQ(child.ops[4].hostname.size, 3u);
  EXPECT_EQ(child.ops[5].index, 5u);
  EXPECT_STREQ(child.ops[5].exec.candidates[0], "/a/true");
  EXPECT_STREQ(child.ops[5].exec.candidates[1], "./true");
  EXPECT_STREQ(child.ops[5].exec.candidates[2], "/b/true");
  EXPECT_EQ(child.ops[5].exec.candidates[3], nullptr);
  EXPECT_STREQ(child.ops[5].exec.envp[1], "HOME=/");
}

TEST(FlattenTest, NothingMayTouchTheHost) {
  LaunchPlan plan = Plan({kRoot, kTrue});
  plan.namespaces.erase(Namespace::kMount);
  EXPECT_TRUE(absl::StrContains(Problem(plan), "without a mount namespace")) << Problem(plan);
  plan = Plan({SetHostname{"x"}, kTrue});
  plan.namespaces.erase(Namespace::kUts);
  EXPECT_TRUE(absl::StrContains(Problem(plan), "without a uts namespace"));
  plan = Plan({LoopbackUp{}, kTrue});
  plan.namespaces.erase(Namespace::kNet);
  EXPECT_TRUE(absl::StrContains(Problem(plan), "without a network namespace"));
  EXPECT_TRUE(absl::StrContains(Problem(Plan({MakeFolder{"/x", 0755}, kTrue})), "needs a root"));
  EXPECT_TRUE(absl::StrContains(Problem(Plan({PivotRoot{}, kTrue})), "no root before it"));
  EXPECT_TRUE(
      absl::StrContains(Problem(Plan({kRoot, MakeFolder{"x", 0755}, kTrue})), "not absolute"));
}

TEST(FlattenTest, ALaunchEndsWithItsProgram) {
  EXPECT_TRUE(absl::StrContains(Problem(Plan({})), "must end with the program"));
  EXPECT_TRUE(absl::StrContains(Problem(Plan({kTrue, MakeMountsPrivate{}})), "must end with"));
  EXPECT_TRUE(absl::StrContains(Problem(Plan({kTrue, kTrue})), "never be done"));
  EXPECT_TRUE(absl::StrContains(Problem(Plan({Exec{{}, {}}})), "no program to run"));
  EXPECT_TRUE(absl::StrContains(Problem(Plan({Exec{{std::string("a\0b", 3)}, {}}})), "NUL"));
}

TEST(FlattenTest, NamesTheStepWhoseSourceIsMissing) {
  const LaunchPlan plan = Plan({kRoot, BindMount{"/no/such", "/y", false}, kTrue});
  const absl::Status status = Flatten(plan, {}, kChannel).status();
  EXPECT_EQ(FindErrno(status), ENOENT);
  EXPECT_EQ(status.message(), "step 1, " + Describe(plan.ops[1]) +
                                  ": open_tree('/no/such'): No such file or directory");
}

TEST(FlattenTest, KeepsOnlyWhatTheChildNeeds) {
  const int log = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(log, 3);
  // Standard error goes where our standard output goes: a copy, out of the way of dup3.
  absl::StatusOr<FlatPlan> flat = Flatten(Plan({kTrue}), {-1, log, 1}, kChannel);
  ASSERT_TRUE(flat.ok()) << flat.status();
  const ChildPlan& child = flat->child();
  EXPECT_EQ(child.streams[0], -1);
  EXPECT_EQ(child.streams[1], log);
  EXPECT_GE(child.streams[2], 3);
  ASSERT_EQ(child.keep_count, 3u);
  EXPECT_EQ(child.keep[0], std::min(log, child.streams[2]));
  EXPECT_EQ(child.keep[1], std::max(log, child.streams[2]));
  EXPECT_EQ(child.keep[2], kChannel);
  ::close(log);
}

TEST(FlattenTest, CgroupsAreJoinedAndTheirNamespaceComesAfter) {
  LaunchPlan plan = Plan({kTrue});
  plan.cgroup.v1 = {"/no/such/cgroup"};
  EXPECT_EQ(Problem(plan), "cgroup: open('/no/such/cgroup/tasks'): No such file or directory");
  plan.cgroup.v1 = {};
  EXPECT_FALSE(Flatten(plan, {}, kChannel)->child().unshare_cgroup);
  plan.cgroup.v2 = "/sys/fs/cgroup/pelagos-x";
  EXPECT_TRUE(Flatten(plan, {}, kChannel)->child().unshare_cgroup);
}

TEST(FlattenTest, TheFilterFollowsTheCapabilities) {
  const Op filter = InstallSeccomp{SeccompProfile::kDefault};
  absl::StatusOr<FlatPlan> plain =
      Flatten(Plan({LimitCapabilities{kDefaultCapabilities}, filter, kTrue}), {}, kChannel);
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->child().ops[1].seccomp.program.filter, kDefaultSeccompProgram.data());
  absl::StatusOr<FlatPlan> admin =
      Flatten(Plan({LimitCapabilities{{Capability::kSysAdmin}}, filter, kTrue}), {}, kChannel);
  ASSERT_TRUE(admin.ok()) << admin.status();
  EXPECT_NE(admin->child().ops[1].seccomp.program.filter, kDefaultSeccompProgram.data());
  EXPECT_TRUE(absl::StrContains(Problem(Plan({InstallSeccomp{SeccompProfile::kUnconfined}, kTrue})),
                                "no filter"));
}

}  // namespace
}  // namespace pelagos::launch
