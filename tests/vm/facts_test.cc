// What a guest is for: the facts that other tests in it build on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "pelagos/sys/cgroup_fs.h"
#include "pelagos/sys/file.h"
#include "tests/rooted/program.h"

namespace pelagos {
namespace {

using ::testing::AllOf;
using ::testing::Contains;

std::string Content(const std::string& path) {
  const absl::StatusOr<std::string> text = sys::ReadFile(path, size_t{1} << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? std::string(absl::StripAsciiWhitespace(*text)) : "";
}

TEST(GuestTest, CgroupsAreVersion2Only) {
  const absl::StatusOr<sys::CgroupMounts> mounts = sys::ReadCgroupMounts();
  ASSERT_TRUE(mounts.ok()) << mounts.status();
  EXPECT_EQ(mounts->v2_mount, "/sys/fs/cgroup");
  EXPECT_TRUE(mounts->v1_mounts.empty());
  EXPECT_EQ(Content("/proc/self/cgroup"), "0::/");
}

TEST(GuestTest, EveryControllerIsThereAndHandedDown) {
  for (const char* file : {"cgroup.controllers", "cgroup.subtree_control"}) {
    const std::vector<std::string> names =
        absl::StrSplit(Content(std::string("/sys/fs/cgroup/") + file), ' ');
    EXPECT_THAT(names, AllOf(Contains("cpuset"), Contains("cpu"), Contains("io"),
                             Contains("memory"), Contains("hugetlb"), Contains("pids")))
        << file;
  }
}

TEST(GuestTest, CapSysResourceIsThereAndWorks) {
  EXPECT_EQ(::prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE), 1);
  rlimit files = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max += 1000;
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0) << files.rlim_max;
  EXPECT_TRUE(sys::WriteKernelFile("/proc/self/oom_score_adj", "-500").ok());
  EXPECT_EQ(Content("/proc/self/oom_score_adj"), "-500");
}

TEST(GuestTest, AppArmorEnforcesProfiles) {
  ASSERT_EQ(Content("/sys/module/apparmor/parameters/enabled"), "Y");
  EXPECT_EQ(Content("/proc/self/attr/current"), "unconfined");
  const std::string profile = ::testing::TempDir() + "/profile";
  ASSERT_TRUE(sys::WriteFileAtomically(
                  profile, "profile guest-test { file, deny /tmp/forbidden w, }\n", 0600)
                  .ok());
  const rooted::Outcome loaded = rooted::Run({"apparmor_parser", "--replace", profile});
  ASSERT_EQ(loaded.code, 0) << loaded.Describe();
  const rooted::Outcome confined =
      rooted::Run({"sh", "-c",
                   "echo 'exec guest-test' > /proc/self/attr/exec; exec sh -c '"
                   "cat /proc/self/attr/current; echo > /tmp/allowed; echo > /tmp/forbidden'"});
  EXPECT_EQ(confined.out, "guest-test (enforce)\n") << confined.Describe();
  EXPECT_TRUE(absl::StrContains(confined.err, "/tmp/forbidden: Permission denied"))
      << confined.Describe();
  EXPECT_EQ(::access("/tmp/allowed", F_OK), 0);
  EXPECT_NE(::access("/tmp/forbidden", F_OK), 0);
}

TEST(GuestTest, LandlockIsThere) {
  EXPECT_GE(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION), 1);
}

}  // namespace
}  // namespace pelagos
