#include "pelagos/image/store_usage.h"

#include <sys/file.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::SizeIs;

Digest Made(char kind, int number) {
  std::string hex = std::to_string(number);
  return *DigestOfHex(std::string(63 - hex.size(), '0') + hex + kind);
}

class StoreUsageTest : public ::testing::Test {
 protected:
  StoreUsageTest()
      : root_(fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    store_.emplace(*Store::Open(root_.string()));
  }

  // Layers are numbers, of 100000 bytes each, beside a blob of 50000.
  void Add(const std::string& name, int number, const std::vector<int>& layers) {
    const Ingest ingest = *store_->StartIngest();
    NewImage image;
    image.reference = *ParseReference(name);
    image.manifest_digest = Made('a', number);
    image.config_digest = Made('c', number);
    Manifest manifest;
    manifest.config = {std::string(kConfigType), image.config_digest, 10, {}, {}};
    ImageConfig config;
    for (const int layer : layers) {
      const std::string folder = absl::StrCat(ingest.folder(), "/", layer);
      const std::string blob = absl::StrCat(folder, ".blob");
      fs::create_directory(folder);
      std::ofstream(folder + "/file") << std::string(100000, 'x');
      std::ofstream(blob) << std::string(50000, 'x');
      config.diff_ids.push_back(Made('d', layer));
      manifest.layers.push_back({std::string(kLayerType), Made('b', layer), 50000, {}, {}});
      image.layers.push_back({Made('d', layer), folder});
      image.blobs.push_back({Made('b', layer), blob});
    }
    image.manifest = PrintManifest(manifest);
    image.config = PrintImageConfig(config);
    const absl::Status published = store_->Publish(ingest, {image});
    ASSERT_TRUE(published.ok()) << published;
  }

  const fs::path root_;
  std::optional<Store> store_;
};

TEST_F(StoreUsageTest, WhatIsSharedCountsOnce) {
  Add("x", 1, {1, 2});
  const uint64_t one = MeasureStore(*store_)->bytes;
  EXPECT_GE(one, 300000u);
  EXPECT_LT(one, 400000u);
  Add("y", 2, {1, 3});
  ASSERT_TRUE(store_->Tag("y", "z").ok());
  const absl::StatusOr<StoreUsage> usage = MeasureStore(*store_);
  ASSERT_TRUE(usage.ok()) << usage.status();
  ASSERT_THAT(usage->images, SizeIs(3));
  EXPECT_EQ(usage->images[0].reference, "docker.io/library/x:latest");
  for (const ImageUsage& image : usage->images) {
    EXPECT_GE(image.bytes, 300000u);
    EXPECT_GE(image.shared, 150000u) << "a layer and its blob";
    EXPECT_LT(image.shared, 200000u);
    EXPECT_FALSE(image.in_use);
  }
  EXPECT_GE(usage->bytes, 450000u);
  EXPECT_LT(usage->bytes, one * 2);
  EXPECT_EQ(usage->reclaimable, usage->bytes);
}

TEST_F(StoreUsageTest, WhatIsHeldIsInUse) {
  Add("x", 1, {1, 2});
  Add("y", 2, {1, 3});
  const absl::StatusOr<LayerHold> hold = store_->Hold(*store_->Find("x"));
  ASSERT_TRUE(hold.ok()) << hold.status();
  const absl::StatusOr<StoreUsage> usage = MeasureStore(*store_);
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_TRUE(usage->images[0].in_use);
  EXPECT_FALSE(usage->images[1].in_use);
  EXPECT_GE(usage->reclaimable, 150000u);
  EXPECT_LT(usage->reclaimable, 250000u);
}

TEST(SharedFlocksTest, OthersAreNone) {
  const auto held = internal::SharedFlocks(
      "1: FLOCK  ADVISORY  READ 12 fe:00:77 0 EOF\n"
      "1: -> FLOCK  ADVISORY  READ 13 fe:00:77 0 EOF\n"
      "2: FLOCK  ADVISORY  WRITE 14 fe:00:78 0 EOF\n"
      "3: POSIX  ADVISORY  READ 15 fe:00:79 0 EOF\n"
      "4: FLOCK  ADVISORY  READ 12 fe:00:80 0 EOF\n"
      "rubbish\n");
  ASSERT_THAT(held, SizeIs(1));
  EXPECT_THAT(held.at(12), ElementsAre(77, 80));
}

}  // namespace
}  // namespace pelagos::image
