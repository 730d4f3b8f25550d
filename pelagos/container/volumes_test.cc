#include "pelagos/container/volumes.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"

namespace pelagos::container {
namespace {

Mount Own(const std::string& target) {
  Mount mount = {MountKind::kVolume, "", target, false};
  mount.options.own = true;
  return mount;
}

TEST(NameVolumesTest, EachGetsANameAndTheImagesJoin) {
  MountPlan mounts;
  mounts.push_back({MountKind::kBind, "/srv", "/taken", false});
  mounts.push_back({MountKind::kTmpfs, "", "/memory/", false});
  mounts.push_back(Own("/data"));
  ResolvedImage image;
  EXPECT_TRUE(HasUnnamedVolumes(mounts, image));
  image.volumes = {"/taken/", "/memory", "/data", "/var/lib/db/", "/var//lib/db"};
  const auto named = NameVolumes(mounts, image);
  ASSERT_TRUE(named.ok()) << named.status();
  ASSERT_EQ(named->mounts().size(), 4u);
  const Mount& asked = named->mounts()[2];
  const Mount& of_image = named->mounts()[3];
  EXPECT_EQ(asked.target, "/data");
  EXPECT_EQ(of_image.target, "/var/lib/db");
  EXPECT_TRUE(of_image.options.own);
  EXPECT_EQ(asked.source.size(), 64u);
  EXPECT_EQ(of_image.source.size(), 64u);
  EXPECT_NE(asked.source, of_image.source);
  EXPECT_FALSE(HasUnnamedVolumes(*named, ResolvedImage()));
}

TEST(NameVolumesTest, PlacesOfAnImageThatAreNone) {
  for (const char* place : {"/", "data", "/a/../../etc", "/proc/sys", ""}) {
    ResolvedImage image;
    image.reference = "bad";
    image.volumes = {place};
    const auto named = NameVolumes(MountPlan(), image);
    EXPECT_TRUE(absl::StrContains(named.status().message(), "image 'bad' wants a volume at"))
        << place << ": " << named.status();
  }
}

}  // namespace
}  // namespace pelagos::container
