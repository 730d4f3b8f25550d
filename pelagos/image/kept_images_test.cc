#include "pelagos/image/kept_images.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/image/store.h"
#include "pelagos/spec/resolved_json.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;

Digest MakeDigest(char kind, int number) {
  const std::string text = std::to_string(number);
  return *DigestOfHex(std::string(63 - text.size(), '0') + text + kind);
}

class KeptImagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    roots_.data =
        testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(roots_.data);
    store_.emplace(*Store::Open(roots_.data));
  }

  void Add(const std::string& reference, int number, int layer) {
    const absl::StatusOr<Ingest> ingest = store_->StartIngest();
    NewImage image;
    image.reference = *ParseReference(reference);
    image.manifest_digest = MakeDigest('a', number);
    image.config_digest = MakeDigest('c', number);
    ImageConfig config;
    Manifest manifest;
    manifest.config = {std::string(kConfigType), image.config_digest, 2, {}, {}};
    const std::string folder = absl::StrCat(ingest->folder(), "/", layer);
    fs::create_directory(folder);
    image.layers.push_back({MakeDigest('d', layer), folder});
    config.diff_ids.push_back(MakeDigest('d', layer));
    manifest.layers.push_back({std::string(kLayerType), MakeDigest('b', layer), 1, {}, {}});
    image.config = PrintImageConfig(config);
    image.manifest = PrintManifest(manifest);
    ASSERT_TRUE(store_->Publish(*ingest, {image}).ok());
  }

  void WriteRecord(const std::string& id, const std::string& text) {
    fs::create_directories(roots_.KeptContainer(id));
    std::ofstream(roots_.KeptContainer(id) + "/container.json") << text;
  }
  void Keep(const std::string& id, const std::string& name, const std::string& reference) {
    WriteRecord(id, absl::StrCat(R"({"id":")", id, R"(","spec":{"name":")", name, R"("},"image":)",
                                 ToJson(*store_->Find(reference)), "}"));
  }
  bool HasLayer(int layer) const { return store_->HasLayer(MakeDigest('d', layer)); }

  store::Roots roots_;
  std::optional<Store> store_;
};

TEST_F(KeptImagesTest, AreReadFromRecords) {
  EXPECT_TRUE(ReadKeptImages(roots_)->empty()) << "no folder at all";
  Add("redis:7", 1, 1);
  Keep("11", "web", "redis:7");
  fs::create_directories(roots_.KeptContainer("22"));  // half made
  ResolvedImage folder;
  folder.layers = {"/srv"};
  WriteRecord("33", absl::StrCat(R"({"spec":{"name":"own","rootfs":"/srv"},"image":)",
                                 ToJson(folder), "}"));
  const auto kept = ReadKeptImages(roots_);
  ASSERT_TRUE(kept.ok()) << kept.status();
  ASSERT_EQ(kept->size(), 1u);
  EXPECT_EQ((*kept)[0].container, "web");
  EXPECT_EQ((*kept)[0].manifest, MakeDigest('a', 1).ToString());
  EXPECT_EQ((*kept)[0].layers, std::set<std::string>{MakeDigest('d', 1).hex()});
  WriteRecord("44", "{");
  EXPECT_TRUE(absl::IsDataLoss(ReadKeptImages(roots_).status()));
}

TEST_F(KeptImagesTest, RemoveRefusesThemAndForceLeavesTheirLayers) {
  Add("redis:7", 1, 1);
  Keep("11", "web", "redis:7");
  const absl::Status refused = store_->Remove("redis:7").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_TRUE(absl::StrContains(refused.message(), "in use by container 'web'")) << refused;
  EXPECT_TRUE(store_->Find("redis:7").ok());

  ASSERT_TRUE(store_->Remove("redis:7", /*force=*/true).ok());
  EXPECT_FALSE(store_->Find("redis:7").ok());
  EXPECT_TRUE(HasLayer(1));
  EXPECT_TRUE(store_->HasBlob(MakeDigest('a', 1)));
  EXPECT_TRUE(store_->HasBlob(MakeDigest('c', 1)));
  ASSERT_TRUE(store_->Prune(nullptr).ok());
  EXPECT_TRUE(HasLayer(1));

  fs::remove_all(roots_.KeptContainer("11"));
  ASSERT_TRUE(store_->Prune(nullptr).ok());
  EXPECT_FALSE(HasLayer(1));
  EXPECT_FALSE(store_->HasBlob(MakeDigest('a', 1)));
}

TEST_F(KeptImagesTest, OneNameOfSeveralMayGo) {
  Add("redis:7", 1, 1);
  ASSERT_TRUE(store_->Tag("redis:7", "mine").ok());
  Keep("11", "web", "redis:7");
  EXPECT_TRUE(store_->Remove("mine").ok());
  EXPECT_FALSE(store_->Remove("redis:7").ok());
}

TEST_F(KeptImagesTest, PruneSkipsThem) {
  Add("redis:7", 1, 1);
  Add("nginx:1", 2, 2);
  Keep("11", "web", "redis:7");
  ASSERT_TRUE(store_->Tag("redis:7", "mine").ok());
  const auto pruned = store_->Prune([](const StoredImage&) { return true; });
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_EQ(pruned->images, std::vector<std::string>{"docker.io/library/nginx:1"});
  EXPECT_TRUE(HasLayer(1));
  EXPECT_FALSE(HasLayer(2));
  EXPECT_TRUE(store_->Find("mine").ok());
}

TEST_F(KeptImagesTest, ARecordThatCannotBeReadNeedsEverything) {
  Add("redis:7", 1, 1);
  WriteRecord("11", "{");
  ASSERT_TRUE(store_->Remove("redis:7").ok());
  EXPECT_TRUE(HasLayer(1)) << "it may be what the record means";
  EXPECT_TRUE(absl::IsDataLoss(store_->Prune([](const StoredImage&) { return true; }).status()));
}

}  // namespace
}  // namespace pelagos::image
