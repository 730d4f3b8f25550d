#include "pelagos/sys/cgroup_fs.h"

#include <gtest/gtest.h>

namespace pelagos::sys {
namespace {

TEST(CgroupFsTest, ReadsAHybridHost) {
  const CgroupMounts mounts = ParseCgroupMounts(
      "26 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
      "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "34 30 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
      "39 30 0:36 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
      "40 30 0:37 / /sys/fs/cgroup/unified rw shared:1 master:2 - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(mounts.v2_mount, "/sys/fs/cgroup/unified");
  EXPECT_EQ(mounts.v1_mounts.at("cpu"), "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(mounts.v1_mounts.at("cpuacct"), "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(mounts.v1_mounts.at("memory"), "/sys/fs/cgroup/memory");
}

TEST(CgroupFsTest, PrefersTheMountThatShowsTheRoot) {
  const CgroupMounts mounts = ParseCgroupMounts(
      "40 30 0:37 /job /mnt/job\\040one rw - cgroup2 cgroup2 rw\n"
      "41 30 0:37 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
      "42 30 0:37 / /late rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(mounts.v2_mount, "/sys/fs/cgroup");
  EXPECT_EQ(
      ParseCgroupMounts("40 30 0:37 /job /mnt/job\\040one rw - cgroup2 cgroup2 rw\n").v2_mount,
      "/mnt/job one");
}

TEST(CgroupFsTest, BrokenLinesAreNotMounts) {
  EXPECT_EQ(ParseCgroupMounts("\n40 30\n40 30 0:37 / /x rw - cgroup2\n"), CgroupMounts());
}

TEST(CgroupFsTest, ReadsThisHost) {
  const absl::StatusOr<CgroupMounts> mounts = ReadCgroupMounts();
  ASSERT_TRUE(mounts.ok()) << mounts.status();
}

}  // namespace
}  // namespace pelagos::sys
