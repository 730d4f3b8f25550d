#include "pelagos/store/volume.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace pelagos::store {
namespace {

TEST(VolumeTest, MadeOnceKeptRemoved) {
  const Roots roots = {testing::TempDir() + "/volumes", "/none"};
  EXPECT_TRUE(ListVolumes(roots, "shop")->empty());
  ASSERT_TRUE(EnsureVolume(roots, "shop-db", "shop", "/srv/shop.reml").ok());
  ASSERT_TRUE(EnsureVolume(roots, "blog-db", "blog", "/srv/blog.reml").ok());
  std::ofstream(roots.Volume("shop-db") + "/data/file") << "kept";
  ASSERT_TRUE(EnsureVolume(roots, "shop-db", "shop", "/srv/shop.reml").ok());
  EXPECT_EQ(::access((roots.Volume("shop-db") + "/data/file").c_str(), F_OK), 0);
  EXPECT_EQ(*ListVolumes(roots, "shop"), std::vector<std::string>{"shop-db"});
  EXPECT_EQ(*ListProjectsOfVolumes(roots, "/srv/blog.reml"), std::vector<std::string>{"blog"});
  ASSERT_TRUE(RemoveVolume(roots, "shop-db").ok());
  ASSERT_TRUE(RemoveVolume(roots, "shop-db").ok());
  EXPECT_TRUE(ListVolumes(roots, "shop")->empty());
  EXPECT_EQ(*ListVolumes(roots, "blog"), std::vector<std::string>{"blog-db"});
}

TEST(VolumeTest, AreNobodyElses) {
  const Roots roots = {testing::TempDir() + "/private", "/none"};
  const auto mode = [&] {
    struct stat info = {};
    EXPECT_EQ(::stat(roots.Volumes().c_str(), &info), 0);
    return info.st_mode & 07777;
  };
  ASSERT_TRUE(EnsureVolume(roots, "a", "p", "f").ok());
  EXPECT_EQ(mode(), 0700u);
  ASSERT_EQ(::chmod(roots.Volumes().c_str(), 0711), 0);
  ASSERT_TRUE(EnsureVolume(roots, "b", "p", "f").ok());
  EXPECT_EQ(mode(), 0700u);
}

TEST(VolumeTest, HalfMadeOnesAreNoVolumes) {
  const Roots roots = {testing::TempDir() + "/half", "/none"};
  ASSERT_TRUE(EnsureVolume(roots, "a", "p", "f").ok());
  ASSERT_EQ(::mkdir((roots.Volumes() + "/.new-b").c_str(), 0700), 0);
  EXPECT_EQ(*ListVolumes(roots, "p"), std::vector<std::string>{"a"});
  ASSERT_TRUE(EnsureVolume(roots, "b", "p", "f").ok());
  EXPECT_NE(::access((roots.Volumes() + "/.new-b").c_str(), F_OK), 0) << "taken along";
}

TEST(VolumeTest, HalfRemovedOnesAreSwept) {
  const Roots roots = {testing::TempDir() + "/swept", "/none"};
  ASSERT_TRUE(SweepVolumes(roots).ok()) << "there never was a volume";
  ASSERT_TRUE(EnsureVolume(roots, "a", "p", "f").ok());
  ASSERT_EQ(::mkdir((roots.Volumes() + "/.new-b").c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((roots.Volumes() + "/.gone-a").c_str(), 0700), 0);
  std::ofstream(roots.Volumes() + "/.gone-a/file") << "of an earlier life";
  ASSERT_TRUE(RemoveVolume(roots, "a").ok());
  EXPECT_NE(::access((roots.Volumes() + "/.gone-a").c_str(), F_OK), 0);
  ASSERT_EQ(::mkdir((roots.Volumes() + "/.gone-a").c_str(), 0700), 0);
  ASSERT_TRUE(SweepVolumes(roots).ok());
  EXPECT_NE(::access((roots.Volumes() + "/.gone-a").c_str(), F_OK), 0);
  EXPECT_NE(::access((roots.Volumes() + "/.new-b").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace pelagos::store
