#include "pelagos/image/program/save.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "pelagos/image/program/archive_loader.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;

class SaveTest : public ::testing::Test {
 protected:
  SaveTest() : root_(fs::path(std::getenv("TEST_TMPDIR")) / "save") {
    fs::remove_all(root_);
    store_ = OpenStore("one");
    base_ = TarBuilder().File("a", std::string(100000, 'a')).Build();
    top_ = TarBuilder().File("b", "b").Build();
    EXPECT_TRUE(
        Load(*store_, LayoutForTests({base_, top_}, {Gzip(base_), Zstd(top_)}, "x:1").Pack()).ok());
    EXPECT_TRUE(
        Load(*store_, LayoutForTests({base_}, {Gzip(base_)}, "example.org/y:2").Pack()).ok());
  }
  std::unique_ptr<Store> OpenStore(const char* name) {
    return std::make_unique<Store>(*Store::Open((root_ / name).string()));
  }
  static absl::Status Load(Store& store, const std::string& archive) {
    const Ingest ingest = *store.StartIngest();
    Budget budget(Limits{});
    StringSource source(archive);
    auto images = ArchiveLoader(ingest, budget).Load(source, std::nullopt);
    if (!images.ok()) return images.status();
    return store.Publish(ingest, *images);
  }
  absl::StatusOr<std::string> Save(const std::vector<std::string>& names, const char* format) {
    const Fd file(::memfd_create("archive", MFD_CLOEXEC));
    auto report = SaveImages(*store_, names, format, file.get());
    if (!report.ok()) return report.status();
    ::lseek(file.get(), 0, SEEK_SET);
    return sys::ReadAll(file, 1 << 24, "archive");
  }

  const fs::path root_;
  std::unique_ptr<Store> store_;
  std::string base_, top_;
};

TEST_F(SaveTest, AnOciLayoutComesBackByteForByte) {
  const auto archive = Save({"x:1", "example.org/y:2", "x:1"}, "oci");
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_EQ(*Save({"x:1", "example.org/y:2"}, "oci"), *archive);  // nothing of time or place
  const auto other = OpenStore("two");
  const absl::Status loaded = Load(*other, *archive);
  ASSERT_TRUE(loaded.ok()) << loaded;
  for (const char* name : {"x:1", "example.org/y:2"}) {
    EXPECT_EQ(other->Describe(name)->manifest_text, store_->Describe(name)->manifest_text);
    EXPECT_EQ(other->Describe(name)->manifest_digest, store_->Describe(name)->manifest_digest);
  }
  EXPECT_EQ(*sys::ReadFile(other->BlobPath(Sha256Of(Zstd(top_))), 1 << 20), Zstd(top_));
}

TEST_F(SaveTest, ADockerArchiveHasTheSameLayers) {
  const auto archive = Save({"x:1", "example.org/y:2"}, "docker-archive");
  ASSERT_TRUE(archive.ok()) << archive.status();
  EXPECT_FALSE(absl::StrContains(*archive, "index.json"));
  const auto other = OpenStore("two");
  const absl::Status loaded = Load(*other, *archive);
  ASSERT_TRUE(loaded.ok()) << loaded;
  EXPECT_EQ(other->Describe("x:1")->config_text, store_->Describe("x:1")->config_text);
  EXPECT_EQ(other->Find("example.org/y:2")->layers.size(), 1u);
}

TEST_F(SaveTest, DamageIsFound) {
  const std::string blob = store_->BlobPath(Sha256Of(Gzip(base_)));
  std::fstream(blob).seekp(100) << "damaged";
  EXPECT_TRUE(absl::IsDataLoss(Save({"x:1"}, "oci").status()));
  EXPECT_FALSE(Save({"x:1"}, "docker-archive").ok());
  fs::remove(store_->BlobPath(Sha256Of(Gzip(base_))));
  const auto archive = Save({"x:1"}, "oci");
  EXPECT_TRUE(absl::StrContains(archive.status().message(), "pull or load the image again"))
      << archive.status();
}

TEST_F(SaveTest, UnknownImages) { EXPECT_TRUE(absl::IsNotFound(Save({"absent"}, "oci").status())); }

}  // namespace
}  // namespace pelagos::image
