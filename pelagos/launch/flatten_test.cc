#include "pelagos/launch/flatten.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <unistd.h>

#include <string>

#include "absl/strings/match.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/launch/seccomp_program.h"

namespace pelagos::launch {
namespace {

constexpr int kParentsEnd = 899, kChannel = 900;  // only numbers here

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
  return std::string(Flatten(plan, {}, kParentsEnd, kChannel).status().message());
}

TEST(FlattenTest, TextsAndListsEndUpInPlainMemory) {
  const LaunchPlan plan =
      Plan({MakeMountsPrivate{}, kRoot, MountFilesystem{"proc", "proc", "/proc", 14, "hidepid=2"},
            MakeSymlink{"/proc/self/fd", "/dev/fd"}, SetHostname{"web"},
            MountFilesystem{"tmpfs", "tmpfs", "/tmp", 6, "mode=1777,size=1k"}, kTrue});
  absl::StatusOr<FlatPlan> made = Flatten(plan, {}, kParentsEnd, kChannel);
  ASSERT_TRUE(made.ok()) << made.status();
  const FlatPlan flat = *std::move(made);  // pointers survive the move
  const ChildPlan& child = flat.child();
  ASSERT_EQ(child.op_count, 7u);
  EXPECT_EQ(child.ops[0].call, ChildCall::kMakeMountsPrivate);
  EXPECT_EQ(child.ops[1].call, ChildCall::kMountRoot);
  EXPECT_STREQ(child.ops[1].mount_root.options, "lowerdir=/l/a\\:b:/l/c,upperdir=/u,workdir=/w");
  EXPECT_EQ(child.ops[1].mount_root.folder, nullptr);
  EXPECT_EQ(child.ops[2].call, ChildCall::kGround);
  ASSERT_EQ(child.ops[2].mount_ground.option_count, 1u);
  EXPECT_STREQ(child.ops[2].mount_ground.options[0].key, "hidepid");
  EXPECT_STREQ(child.ops[2].mount_ground.options[0].value, "2");
  EXPECT_EQ(child.ops[2].mount_ground.attributes,
            uint64_t{MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC});
  EXPECT_STREQ(child.ops[3].symlink.folder, "/dev");
  EXPECT_STREQ(child.ops[3].symlink.name, "fd");
  EXPECT_EQ(child.ops[4].hostname.size, 3u);
  EXPECT_STREQ(child.ops[5].mount.data, "mode=1777,size=1k");
  EXPECT_EQ(child.ops[5].mount.flags, 6u);
  const ChildOp& exec = child.ops[6];
  EXPECT_EQ(exec.index, 6u);
  EXPECT_STREQ(exec.exec.candidates[0], "/a/true");
  EXPECT_STREQ(exec.exec.candidates[1], "./true");
  EXPECT_STREQ(exec.exec.candidates[2], "/b/true");
  EXPECT_EQ(exec.exec.candidates[3], nullptr);
  EXPECT_STREQ(exec.exec.envp[1], "HOME=/");
}

// What is found by name below /proc, /dev and /sys, and what by the long road.
TEST(FlattenTest, OnlyWhatTheKernelOrWeMakeIsFoundFromAGround) {
  const Op proc = MountFilesystem{"proc", "proc", "/proc", 14, ""};
  const Op dev = MountFilesystem{"tmpfs", "tmpfs", "/dev", 2, "mode=755"};
  const auto below = [](std::vector<Op> ops) {
    ops.insert(ops.begin(), kRoot);
    ops.push_back(kTrue);
    absl::StatusOr<FlatPlan> flat = Flatten(Plan(ops), {}, kParentsEnd, kChannel);
    EXPECT_TRUE(flat.ok()) << flat.status();
    const ChildOp& last = flat->child().ops[ops.size() - 2];
    return last.below == nullptr ? std::string() : std::string(last.below);
  };
  EXPECT_EQ(below({proc, MaskPath{"/proc/kcore"}}), "kcore");
  EXPECT_EQ(below({proc, MakeReadOnly{"/proc/sys"}}), "sys");
  EXPECT_EQ(below({dev, MakeSymlink{"/proc/self/fd", "/dev/fd"}}), "fd");
  EXPECT_EQ(below({dev, MountFilesystem{"tmpfs", "shm", "/dev/shm", 0, ""}}), "shm");
  // Names of anybody else, also links of proc.
  EXPECT_EQ(below({proc, MaskPath{"/proc/self/root/etc"}}), "");
  EXPECT_EQ(below({proc, MaskPath{"/proc/1"}}), "");
  EXPECT_EQ(below({dev, MakeSymlink{"x", "/dev/a/b"}}), "");
  EXPECT_EQ(below({dev, MakeSymlink{"x", "/dev/.."}}), "");
  // Not mounted by the plan, or covered since.
  EXPECT_EQ(below({dev, MaskPath{"/proc/kcore"}}), "");
  EXPECT_EQ(
      below({proc, MountFilesystem{"tmpfs", "tmpfs", "/tmp", 0, ""}, MaskPath{"/proc/kcore"}}), "");
  EXPECT_EQ(below({proc, BindMount{"/", "/mnt"}, MaskPath{"/proc/kcore"}}), "");
  EXPECT_EQ(below({proc, BindMount{"/etc/passwd", "/mnt"}, MaskPath{"/proc/kcore"}}), "kcore");
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
  const absl::Status status = Flatten(plan, {}, kParentsEnd, kChannel).status();
  EXPECT_EQ(FindErrno(status), ENOENT);
  EXPECT_EQ(status.message(), "step 1, " + Describe(plan.ops[1]) +
                                  ": open_tree('/no/such'): No such file or directory");
}

TEST(FlattenTest, KeepsOnlyWhatTheChildNeeds) {
  const int log = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(log, 3);
  // Standard error goes where our standard output goes: a copy, out of the way of dup3.
  absl::StatusOr<FlatPlan> flat = Flatten(Plan({kTrue}), {-1, log, 1}, kParentsEnd, kChannel);
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
  const auto flat = Flatten(plan, {}, kParentsEnd, kChannel);
  ASSERT_TRUE(flat.ok()) << flat.status();
  EXPECT_STREQ(flat->child().cgroup_tasks[0], "/no/such/cgroup/tasks");
  EXPECT_EQ(flat->child().cgroup_tasks[1], nullptr);
  plan.cgroup.v1 = {};
  EXPECT_FALSE(Flatten(plan, {}, kParentsEnd, kChannel)->child().unshare_cgroup);
  plan.cgroup.v2 = "/sys/fs/cgroup/pelagos-x";
  EXPECT_TRUE(Flatten(plan, {}, kParentsEnd, kChannel)->child().unshare_cgroup);
}

TEST(FlattenTest, TheFilterFollowsTheCapabilities) {
  const Op filter = InstallSeccomp{SeccompProfile::kDefault};
  absl::StatusOr<FlatPlan> plain = Flatten(
      Plan({LimitCapabilities{kDefaultCapabilities}, filter, kTrue}), {}, kParentsEnd, kChannel);
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->child().ops[1].seccomp.program.filter, kDefaultSeccompProgram.data());
  absl::StatusOr<FlatPlan> admin = Flatten(
      Plan({LimitCapabilities{{Capability::kSysAdmin}}, filter, kTrue}), {}, kParentsEnd, kChannel);
  ASSERT_TRUE(admin.ok()) << admin.status();
  EXPECT_NE(admin->child().ops[1].seccomp.program.filter, kDefaultSeccompProgram.data());
  EXPECT_TRUE(absl::StrContains(Problem(Plan({InstallSeccomp{SeccompProfile::kUnconfined}, kTrue})),
                                "no filter"));
}

}  // namespace
}  // namespace pelagos::launch
