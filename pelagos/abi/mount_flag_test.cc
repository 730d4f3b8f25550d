#include "pelagos/abi/mount_flag.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

namespace pelagos {
namespace {

// The numbers are the C library's own.
static_assert(kMountReadOnly == MS_RDONLY);
static_assert(kMountNoSuid == MS_NOSUID);
static_assert(kMountNoDev == MS_NODEV);
static_assert(kMountNoExec == MS_NOEXEC);
static_assert(kMountRemount == MS_REMOUNT);
static_assert(kMountBind == MS_BIND);
static_assert(kMountRecursive == MS_REC);
static_assert(kMountPrivate == MS_PRIVATE);
static_assert(kMountSlave == MS_SLAVE);
static_assert(kMountRelatime == MS_RELATIME);
static_assert(kMountStrictAtime == MS_STRICTATIME);
static_assert(FindMountFlag("sync") == MS_SYNCHRONOUS);
static_assert(FindMountFlag("mand") == MS_MANDLOCK);
static_assert(FindMountFlag("dirsync") == MS_DIRSYNC);
static_assert(FindMountFlag("noatime") == MS_NOATIME);
static_assert(FindMountFlag("nodiratime") == MS_NODIRATIME);
static_assert(FindMountFlag("unbindable") == MS_UNBINDABLE);
static_assert(FindMountFlag("shared") == MS_SHARED);
static_assert(!FindMountFlag("RO"));
static_assert(!FindMountFlag(""));

TEST(MountFlagTest, PrintsInTheOrderOfTheTable) {
  EXPECT_EQ(MountFlagNames(0), "");
  EXPECT_EQ(MountFlagNames(kMountNoExec | kMountReadOnly), "ro,noexec");
  EXPECT_EQ(MountFlagNames(kMountBind | kMountRecursive), "bind,rec");
}

TEST(MountFlagTest, UnknownBitsAreNotLost) {
  EXPECT_EQ(MountFlagNames(kMountReadOnly | (uint64_t{1} << 40)), "ro,1099511627776");
}

TEST(MountFlagTest, RoundTrip) {
  for (const MountFlagRow& row : kMountFlags) {
    EXPECT_EQ(FindMountFlag(row.name), row.bits);
    EXPECT_EQ(MountFlagNames(row.bits), std::string(row.name));
  }
}

}  // namespace
}  // namespace pelagos
