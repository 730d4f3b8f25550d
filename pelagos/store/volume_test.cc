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

TEST(VolumeTest, IsFilledOrNotMade) {
  const Roots roots = {testing::TempDir() + "/filled", "/none"};
  Volume volume;
  volume.name = "a";
  const auto fails = CreateVolume(roots, volume, [](const std::string& data) {
    std::ofstream(data + "/half") << "x";
    return absl::DataLossError("no more");
  });
  EXPECT_EQ(fails.status().message(), "no more");
  EXPECT_TRUE(ListAllVolumes(roots)->empty());
  EXPECT_NE(::access((roots.Volumes() + "/.new-a").c_str(), F_OK), 0);
  const auto fill = [](const std::string& data) {
    std::ofstream(data + "/file") << "x";
    return absl::OkStatus();
  };
  EXPECT_TRUE(*CreateVolume(roots, volume, fill));
  EXPECT_EQ(::access((roots.Volume("a") + "/data/file").c_str(), F_OK), 0);
  ASSERT_EQ(::unlink((roots.Volume("a") + "/data/file").c_str()), 0);
  EXPECT_FALSE(*CreateVolume(roots, volume, fill));
  EXPECT_NE(::access((roots.Volume("a") + "/data/file").c_str(), F_OK), 0) << "it was there";
}

TEST(VolumeTest, StaysWhileItIsShared) {
  const Roots roots = {testing::TempDir() + "/shared", testing::TempDir() + "/shared-run"};
  const auto there = [&] { return ReadVolume(roots, "a").ok(); };
  ASSERT_TRUE(ShareVolume(roots, "a", "other").ok());
  EXPECT_FALSE(there()) << "sharing makes none";
  ASSERT_TRUE(EnsureVolume(roots, "a", "", "").ok());
  ASSERT_TRUE(ShareVolume(roots, "a", "other").ok());
  ASSERT_EQ(::mkdir((roots.data + "/containers").c_str(), 0700), 0);
  ASSERT_EQ(::mkdir(roots.KeptContainer("other").c_str(), 0700), 0);
  ASSERT_TRUE(RemoveUnsharedVolume(roots, "a").ok());
  EXPECT_TRUE(there());
  ASSERT_EQ(::rmdir(roots.KeptContainer("other").c_str()), 0);
  ASSERT_EQ(::mkdir(roots.run.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir(roots.Containers().c_str(), 0700), 0);
  ASSERT_EQ(::mkdir(roots.Container("other").c_str(), 0700), 0);
  ASSERT_TRUE(RemoveUnsharedVolume(roots, "a").ok());
  EXPECT_TRUE(there()) << "it runs in the foreground";
  ASSERT_EQ(::rmdir(roots.Container("other").c_str()), 0);
  ASSERT_TRUE(RemoveUnsharedVolume(roots, "a").ok());
  EXPECT_FALSE(there());
  ASSERT_TRUE(RemoveUnsharedVolume(roots, "a").ok());
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

TEST(VolumeTest, SayWhatTheyWereMadeWith) {
  const Roots roots = {testing::TempDir() + "/described", "/none"};
  EXPECT_TRUE(ListAllVolumes(roots)->empty());
  EXPECT_TRUE(absl::IsNotFound(ReadVolume(roots, "a").status()));
  Volume volume;
  volume.name = "a";
  volume.created = "2026-01-02T03:04:05Z";
  volume.labels = {{"tier", "db"}, {"empty", ""}};
  EXPECT_TRUE(CreateVolume(roots, volume).value());
  Volume other = volume;
  other.labels.clear();
  EXPECT_FALSE(CreateVolume(roots, other).value()) << "it stays as it was";
  EXPECT_EQ(*ReadVolume(roots, "a"), volume);
  ASSERT_TRUE(EnsureVolume(roots, "b", "p", "f").ok());
  EXPECT_EQ(ReadVolume(roots, "b")->created.size(), std::string("2026-01-02T03:04:05Z").size());
  std::ofstream(roots.Volume("b") + "/meta.json") << "{";
  const auto all = ListAllVolumes(roots);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0], volume);
  EXPECT_EQ((*all)[1].name, "b");
  EXPECT_EQ((*all)[1].project, "");
}

TEST(VolumeTest, WithoutANameAreAnonymous) {
  Volume volume;
  volume.name = std::string(64, 'a');
  EXPECT_TRUE(volume.anonymous());
  volume.name = std::string(63, 'a');
  EXPECT_FALSE(volume.anonymous());
  volume.name = std::string(63, 'a') + "x";
  EXPECT_FALSE(volume.anonymous());
}

}  // namespace
}  // namespace pelagos::store
