// Layers as streams: cut, lying, large, compressed, sparse.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pelagos/image/program/unpack_testing.h"

namespace pelagos::image {
namespace {

using ::testing::HasSubstr;

TEST_F(UnpackTest, NoticesWhatIsMissing) {
  const std::string tar = TarBuilder().File("a", std::string(5000, 'a')).Build();
  for (size_t size : {size_t{100}, size_t{600}, size_t{3000}}) {
    EXPECT_TRUE(absl::IsDataLoss(Unpack(tar.substr(0, size)).status())) << size;
  }
  const std::string gzip = Gzip(tar), zstd = Zstd(tar);
  EXPECT_TRUE(absl::IsDataLoss(Unpack(gzip.substr(0, gzip.size() - 9)).status()));
  EXPECT_TRUE(absl::IsDataLoss(Unpack(zstd.substr(0, zstd.size() - 3)).status()));
}

// Larger than what fits into memory at a time: read, hashed and written by different threads.
TEST_F(UnpackTest, LargeLayersAreTheSame) {
  TarBuilder tar;
  for (int i = 0; i < 40; ++i) {
    tar.File(absl::StrCat("d/", i), absl::StrCat(std::string(i * 10000, 'a'), i));
  }
  const std::string good = tar.Build();
  for (const std::string& blob : {good, Gzip(good), Zstd(good)}) {
    const absl::StatusOr<UnpackedLayer> layer = Unpack(blob);
    ASSERT_TRUE(layer.ok()) << layer.status();
    EXPECT_EQ(layer->diff_id, Sha256Of(good));
    EXPECT_EQ(layer->blob, Sha256Of(blob));
    EXPECT_EQ(Read(layer_ / "d/39"), std::string(390000, 'a') + "39");
    for (const size_t size : {blob.size() / 3, blob.size() / 2, blob.size() - 9}) {
      // The end of a plain tar is zeros, which may be missing.
      EXPECT_EQ(Unpack(blob.substr(0, size)).ok(), blob == good && size > good.size() - 1024);
    }
  }
  // Refused at once, in the middle of what is read ahead.
  const std::string bad = TarBuilder().File("../outside/precious").unfinished() + std::string(good);
  EXPECT_THAT(std::string(Unpack(bad).status().message()), HasSubstr("climbs"));
  EXPECT_THAT(std::string(Unpack(Gzip(bad)).status().message()), HasSubstr("climbs"));
  EXPECT_TRUE(absl::IsResourceExhausted(Unpack(Gzip(good), {.max_bytes = 1 << 20}).status()));
}

TEST_F(UnpackTest, IsCompressedOnceAtMost) {
  const std::string tar = TarBuilder().File("a").Build();
  EXPECT_TRUE(absl::IsDataLoss(Unpack(Gzip(Gzip(tar))).status()));
}

TEST_F(UnpackTest, TheLastFileNeedsNoPadding) {
  // As umoci writes its layers. One byte less is one byte missing.
  const std::string tar = TarBuilder().File("a", "1").File("b", "12345").unfinished();
  const std::string cut = tar.substr(0, tar.size() - 507);
  absl::StatusOr<UnpackedLayer> layer = Unpack(cut);
  ASSERT_TRUE(layer.ok()) << layer.status();
  EXPECT_EQ(layer->diff_id, Sha256Of(cut));
  EXPECT_EQ(Read(layer_ / "b"), "12345");
  EXPECT_TRUE(Unpack(tar).ok());
  EXPECT_TRUE(absl::IsDataLoss(Unpack(cut.substr(0, cut.size() - 1)).status()));
}

TEST_F(UnpackTest, NoticesLyingSizes) {
  TarBuilder larger;
  larger.Add({.name = "a", .content = "abc", .claimed_size = 1 << 20});
  EXPECT_TRUE(absl::IsDataLoss(Unpack(larger.Build()).status()));
  TarBuilder smaller;  // what follows is no header
  smaller.Add({.name = "a", .content = std::string(5000, 'a'), .claimed_size = 10});
  EXPECT_FALSE(Unpack(smaller.Build()).ok());
  EXPECT_THAT(Bad(TarBuilder().Add({.name = "x", .pax = {{"size", "9000000000000000000"}}})),
              HasSubstr("says that it has"));
}

TEST_F(UnpackTest, RefusesRubbish) {
  EXPECT_FALSE(Unpack(std::string(10000, 'x')).ok());
  EXPECT_FALSE(Unpack("\x1f\x8b\x08 and then nothing of the kind").ok());
  std::string flipped = TarBuilder().File("a").Build();
  flipped[10] ^= 1;  // the check sum
  EXPECT_FALSE(Unpack(flipped).ok());
}

TEST_F(UnpackTest, LimitsBombs) {
  const std::string bomb = Gzip(TarBuilder().File("a", std::string(10 << 20, '\0')).Build());
  ASSERT_LT(bomb.size(), 100000u);
  absl::Status status = Unpack(bomb, {.max_bytes = 1 << 20}).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  TarBuilder many;
  for (int i = 0; i < 100; ++i) many.File(absl::StrCat("f", i), "");
  status = Unpack(many.Build(), {.max_entries = 50}).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than 50 entries"));
}

TEST_F(UnpackTest, SparseFilesStaySparse) {
  // GNU.sparse 0.0 in pax records: one byte at the start, the rest is a hole.
  TarBuilder tar;
  tar.Add({.name = "s",
           .content = "x",
           .pax = {{"GNU.sparse.size", "1000000"},
                   {"GNU.sparse.numblocks", "1"},
                   {"GNU.sparse.offset", "0"},
                   {"GNU.sparse.numbytes", "1"}}});
  Good(tar);
  struct stat info = {};
  ASSERT_EQ(::stat((layer_ / "s").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 1000000);
  EXPECT_LT(info.st_blocks, 100);
}

}  // namespace
}  // namespace pelagos::image
