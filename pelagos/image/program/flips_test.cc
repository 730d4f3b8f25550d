// A small image with every byte of it changed, and cut everywhere: an error, or the same image;
// never another, and nothing is left behind. Of long runs of one byte, as the zeros of a tar, some.

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/image/program/archive_loader.h"
#include "pelagos/image/program/tar_for_tests.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;

class FlipsTest : public ::testing::Test {
 protected:
  FlipsTest() : root_(MakeRoot()) {
    store_.emplace(*Store::Open(root_.string()));
    ingest_.emplace(*store_->StartIngest());
  }

  ~FlipsTest() override {
    ingest_.reset();
    fs::remove_all(root_);
  }

  // In memory, where there is such a place: many small files are made and removed.
  static fs::path MakeRoot() {
    for (const char* parent : {static_cast<const char*>("/dev/shm"),
                               static_cast<const char*>(std::getenv("TEST_TMPDIR"))}) {
      std::string folder = absl::StrCat(parent, "/flips-XXXXXX");
      if (::mkdtemp(folder.data()) != nullptr) return folder;
    }
    ADD_FAILURE() << "no place for a temporary folder";
    return "/nonexistent";
  }

  // The image that would be published: its digests. Of a docker-archive not the manifest's, which
  // is made for it: gzip's header has bytes that nobody promises anything of.
  absl::StatusOr<std::string> DigestsIn(const std::string& archive) {
    Budget budget({.max_bytes = 1 << 20, .max_entries = 100});
    StringSource input(archive);
    const absl::StatusOr<std::vector<NewImage>> images =
        ArchiveLoader(*ingest_, budget).Load(input, *ParseReference("x:1"));
    // As the ingest folder's end would do.
    for (const auto& entry : fs::directory_iterator(ingest_->folder())) fs::remove_all(entry);
    if (!images.ok()) return images.status();
    const NewImage& image = images->at(0);
    std::string digests = image.config_digest.ToString();
    if (with_manifest_) absl::StrAppend(&digests, " ", image.manifest_digest.ToString());
    for (const NewImage::Layer& layer : image.layers) {
      absl::StrAppend(&digests, " ", layer.diff_id.ToString());
    }
    return digests;
  }

  // The byte is like all those around it.
  static bool InARun(const std::string& text, size_t at) {
    constexpr size_t kLong = 8;
    if (at < kLong || at + kLong > text.size()) return false;
    return text.find_first_not_of(text[at], at - kLong) >= at + kLong;
  }

  // Of all single flips: the percentage that is noticed.
  size_t FlipAll(const std::string& good) {
    const absl::StatusOr<std::string> digests = DigestsIn(good);
    EXPECT_TRUE(digests.ok()) << digests.status();
    if (!digests.ok()) return 0;
    size_t noticed = 0, flips = 0;
    for (size_t at = 0; at < good.size(); ++at) {
      if (InARun(good, at) && at % 64 != 0) continue;
      ++flips;
      std::string flipped = good;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
      const absl::StatusOr<std::string> found = DigestsIn(flipped);
      if (!found.ok()) {
        ++noticed;
        EXPECT_FALSE(found.status().message().empty()) << at;
      } else {
        EXPECT_EQ(*found, *digests) << at;  // padding, a time, an owner of the archive's members
      }
    }
    for (const char* folder : {"refs", "layers", "blobs/sha256", "partial"}) {
      EXPECT_TRUE(fs::is_empty(root_ / "images" / folder)) << folder;
    }
    EXPECT_GT(flips, 300u);
    return noticed * 100 / flips;
  }
  void CutAll(const std::string& good, size_t needed) {
    const std::string digests = DigestsIn(good).value_or("?");
    for (size_t size = 0; size < good.size(); size += 1 + size % 128) {
      const absl::StatusOr<std::string> found = DigestsIn(good.substr(0, size));
      if (size < needed) {
        EXPECT_FALSE(found.ok()) << size;
      } else if (found.ok()) {
        EXPECT_EQ(*found, digests) << size;
      }
    }
  }

  const std::string base_ = TarBuilder().Folder("etc").File("etc/name", "base").Build();
  const std::string top_ =
      TarBuilder().File("etc/name", "top").Symlink("l", "etc").File(".wh.x", "").Build();
  bool with_manifest_ = true;
  const fs::path root_;
  std::optional<Store> store_;
  std::optional<Ingest> ingest_;
};

TEST_F(FlipsTest, ALayout) {
  const LayoutForTests layout({base_, top_}, {Gzip(base_), Zstd(top_)}, "x:1");
  const std::string good = layout.Pack();
  EXPECT_NE(DigestsIn(good)->find(Sha256Of(layout.manifest).ToString()), std::string::npos);
  // A tar's headers are mostly zeros, which have a check sum too.
  EXPECT_GT(FlipAll(good), 50u);
  // The last thing in it is the index, the padding of which nobody needs.
  CutAll(good, good.rfind('}'));
}

TEST_F(FlipsTest, ADockerArchive) {
  const std::string config = LayoutForTests({base_, top_}, {base_, top_}, "").config;
  const std::string good =
      TarBuilder()
          .File("a/layer.tar", base_)
          .File("b/layer.tar", Gzip(top_))
          .File(Sha256Of(config).hex() + ".json", config)
          .File("manifest.json",
                absl::StrCat(R"([{"Config":")", Sha256Of(config).hex(),
                             R"(.json","RepoTags":null,"Layers":["a/layer.tar","b/layer.tar"]}])"))
          .Build();
  with_manifest_ = false;
  EXPECT_GT(FlipAll(good), 50u);
  CutAll(good, good.rfind(']'));
}

TEST_F(FlipsTest, ACompressedLayout) {
  const LayoutForTests layout({base_}, {base_}, "x:1");
  for (const std::string& good : {Gzip(layout.Pack()), Zstd(layout.Pack())}) {
    EXPECT_GT(FlipAll(good), 50u);
    CutAll(good, good.size() / 2);
  }
}

}  // namespace
}  // namespace pelagos::image
