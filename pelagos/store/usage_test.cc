#include "pelagos/store/usage.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pelagos::store {
namespace {

namespace fs = std::filesystem;
using internal::Place;
using internal::PlaceOf;
using internal::ShowsPlace;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kMounts[] =
    "21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "22 21 0:20 / /proc rw - proc proc rw\n"
    "30 21 0:40 /sub\\040folder /var/lib rw - btrfs /dev/vdb rw\n"
    "31 21 0:41 / /var/library rw - tmpfs tmpfs rw\n";

TEST(UsageTest, PlacesAreTheSameInEachNamespace) {
  EXPECT_EQ(PlaceOf(kMounts, "/srv/x"), (Place{"254:0", "/srv/x"}));
  EXPECT_EQ(PlaceOf(kMounts, "/var/lib/x"), (Place{"0:40", "/sub folder/x"}));
  EXPECT_EQ(PlaceOf(kMounts, "/var/lib"), (Place{"0:40", "/sub folder"}));
  EXPECT_EQ(PlaceOf(kMounts, "/var/libx"), (Place{"254:0", "/var/libx"}));
  constexpr char kInside[] =
      "50 40 0:60 / / rw - overlay overlay rw\n"
      "51 50 0:40 /sub\\040folder/x /data rw - btrfs /dev/vdb rw\n";
  EXPECT_TRUE(ShowsPlace(kInside, {"0:40", "/sub folder/x"}));
  EXPECT_FALSE(ShowsPlace(kInside, {"0:40", "/sub folder"}));
  EXPECT_FALSE(ShowsPlace(kInside, {"254:0", "/sub folder/x"}));
}

TEST(UsageTest, VolumesAndContainersOfFolders) {
  const fs::path root = fs::path(std::getenv("TEST_TMPDIR")) / "roots";
  Roots roots;
  roots.data = (root / "data").string();
  roots.run = (root / "run").string();
  EXPECT_THAT(*MeasureVolumes(roots), IsEmpty());
  EXPECT_THAT(*MeasureContainers(roots), IsEmpty());
  fs::create_directories(roots.Volume("v") + "/data");
  std::ofstream(roots.Volume("v") + "/data/file") << std::string(100000, 'x');
  fs::create_directories(roots.Container("c") + "/upper");
  std::ofstream(roots.Container("c") + "/.lock");
  std::ofstream(roots.Container("c") + "/upper/file") << std::string(50000, 'x');
  const auto volumes = MeasureVolumes(roots);
  ASSERT_TRUE(volumes.ok()) << volumes.status();
  ASSERT_THAT(*volumes, SizeIs(1));
  EXPECT_EQ(volumes->front().name, "v");
  EXPECT_EQ(volumes->front().links, 0u);
  EXPECT_GE(volumes->front().bytes, 100000u);
  const auto containers = MeasureContainers(roots);
  ASSERT_TRUE(containers.ok()) << containers.status();
  ASSERT_THAT(*containers, SizeIs(1));
  EXPECT_FALSE(containers->front().running);
  EXPECT_GE(containers->front().bytes, 50000u);
}

}  // namespace
}  // namespace pelagos::store
