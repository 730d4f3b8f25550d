#include "pelagos/policy/landlock.h"

#include <gtest/gtest.h>
#include <linux/landlock.h>

namespace pelagos {
namespace {

TEST(LandlockTest, TheBitsAreTheKernels) {
  EXPECT_EQ(kLandlockExecute, LANDLOCK_ACCESS_FS_EXECUTE);
  EXPECT_EQ(kLandlockWriteFile, LANDLOCK_ACCESS_FS_WRITE_FILE);
  EXPECT_EQ(kLandlockReadFile, LANDLOCK_ACCESS_FS_READ_FILE);
  EXPECT_EQ(kLandlockReadDir, LANDLOCK_ACCESS_FS_READ_DIR);
  EXPECT_EQ(kLandlockChangeDir, LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                    LANDLOCK_ACCESS_FS_MAKE_SYM);
  EXPECT_EQ(LandlockRights(0), 0u);
  EXPECT_EQ(LandlockRights(1), 0x1fffu);
  EXPECT_EQ(LandlockRights(2), 0x3fffu);
  EXPECT_EQ(LandlockRights(4), 0x7fffu);
  EXPECT_EQ(LandlockRights(9), 0xffffu);
}

TEST(LandlockTest, ARuleIsAnAccessAndAPath) {
  const std::optional<LandlockRule> rule = ParseLandlockRule("rx:/usr/a:b");
  ASSERT_TRUE(rule.has_value());
  EXPECT_EQ(rule->path, "/usr/a:b");
  EXPECT_EQ(NameOf(rule->access), "rx");
  EXPECT_EQ(rule->access.rights(), kLandlockReadFile | kLandlockReadDir | kLandlockExecute);
  for (const char* text : {"", "/usr", "ro", "ro:", "ro:usr", "xx:/usr", ":/usr", "RO:/usr"}) {
    EXPECT_FALSE(ParseLandlockRule(text).has_value()) << text;
  }
  for (const LandlockAccessRow& row : kLandlockAccesses) {
    EXPECT_EQ(FindLandlockAccess(row.name), row.access);
    EXPECT_EQ(NameOf(row.access), row.name);
  }
  EXPECT_EQ(NameOf(LandlockAccess{}), "");
}

}  // namespace
}  // namespace pelagos
