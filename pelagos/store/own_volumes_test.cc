#include "pelagos/store/own_volumes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "pelagos/store/volume.h"
#include "pelagos/sys/file.h"

namespace pelagos::store {
namespace {

MountPlan Mounts() {
  MountPlan mounts;
  mounts.push_back({MountKind::kVolume, "mine", "/a b", true});
  mounts.mounts().back().options.own = true;
  mounts.push_back({MountKind::kVolume, "named", "/c", false});
  return mounts;
}

TEST(OwnVolumesTest, NotedReadRemoved) {
  const Roots roots = {testing::TempDir() + "/own", testing::TempDir() + "/own-run"};
  ASSERT_TRUE(sys::MakeFolders(roots.Container("web"), 0700).ok());
  EXPECT_TRUE(ReadNotedVolumes(roots, "web")->mounts().empty());
  ASSERT_TRUE(RemoveNotedVolumes(roots, "web").ok()) << "there are none";
  ASSERT_TRUE(NoteOwnVolumes(roots, "web", Mounts()).ok());
  const auto noted = ReadNotedVolumes(roots, "web");
  ASSERT_TRUE(noted.ok()) << noted.status();
  ASSERT_EQ(noted->mounts().size(), 1u);
  EXPECT_EQ(noted->mounts()[0].source, "mine");
  EXPECT_EQ(noted->mounts()[0].target, "/a b");
  ASSERT_TRUE(RemoveNotedVolumes(roots, "web").ok()) << "noted, and not made";
  ASSERT_TRUE(NoteOwnVolumes(roots, "web", Mounts()).ok());
  ASSERT_TRUE(EnsureVolume(roots, "mine", "", "").ok());
  ASSERT_TRUE(EnsureVolume(roots, "named", "", "").ok());
  ASSERT_TRUE(RemoveNotedVolumes(roots, "web").ok());
  EXPECT_FALSE(ReadVolume(roots, "mine").ok());
  EXPECT_TRUE(ReadVolume(roots, "named").ok());
  EXPECT_TRUE(ReadNotedVolumes(roots, "web")->mounts().empty());
}

TEST(OwnVolumesTest, WhatIsCutOffOrNoNameIsLeftOut) {
  const Roots roots = {testing::TempDir() + "/cut", testing::TempDir() + "/cut-run"};
  ASSERT_TRUE(sys::MakeFolders(roots.Container("web"), 0700).ok());
  std::ofstream(roots.Container("web") + "/volumes", std::ios::binary)
      << std::string("a\0/a\0../x\0/b\0c\0/cut", 18);
  const auto noted = ReadNotedVolumes(roots, "web");
  ASSERT_TRUE(noted.ok()) << noted.status();
  ASSERT_EQ(noted->mounts().size(), 1u);
  EXPECT_EQ(noted->mounts()[0].source, "a");
}

}  // namespace
}  // namespace pelagos::store
