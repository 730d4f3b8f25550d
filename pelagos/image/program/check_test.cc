// A whole store, damaged in each way.

#include "pelagos/image/program/check.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pelagos/image/program/archive_loader.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kX[] = "docker.io/library/x:1";
constexpr char kY[] = "docker.io/library/y:2";

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Write(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  ASSERT_TRUE(file.flush().good()) << path;
}

// The same size, other bytes.
void Flip(const fs::path& path) {
  std::string text = ReadText(path);
  ASSERT_FALSE(text.empty());
  text[text.size() / 2] ^= 1;
  Write(path, text);
}

// x:1 has the layers base and top, y:2 has base alone.
class CheckTest : public ::testing::Test {
 protected:
  CheckTest()
      : root_(fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    store_ = std::make_unique<Store>(*Store::Open(root_.string()));
    base_ = TarBuilder()
                .Add({.name = "etc", .type = '5'})
                .File("etc/passwd", "root:x:0:0::/:\n")
                .File("a", std::string(100000, 'a'))
                .Build();
    top_ = TarBuilder().File("b", "b").Build();
    x_ = std::make_unique<LayoutForTests>(std::vector{base_, top_},
                                          std::vector{Gzip(base_), Zstd(top_)}, "x:1");
    y_ = std::make_unique<LayoutForTests>(std::vector{base_}, std::vector{Gzip(base_)}, "y:2");
    Load(*x_);
    Load(*y_);
  }

  void Load(const LayoutForTests& layout) {
    const Ingest ingest = *store_->StartIngest();
    Budget budget(Limits{});
    const std::string archive = layout.Pack();
    StringSource source(archive);
    auto images = ArchiveLoader(ingest, budget).Load(source, std::nullopt);
    ASSERT_TRUE(images.ok()) << images.status();
    const absl::Status published = store_->Publish(ingest, *images);
    ASSERT_TRUE(published.ok()) << published;
  }

  StoreCheck Check() {
    absl::StatusOr<StoreCheck> check = CheckStore(*store_, *store_->Lock());
    EXPECT_TRUE(check.ok()) << check.status();
    return check.ok() ? *check : StoreCheck();
  }
  // As lines.
  std::vector<std::string> Findings() {
    std::vector<std::string> lines;
    for (const StoreFinding& finding : Check().findings) lines.push_back(finding.ToString());
    return lines;
  }

  fs::path Images() const { return root_ / "images"; }
  static std::string BlobName(const std::string& content) {
    return absl::StrCat("blobs/sha256/", Sha256Of(content).hex());
  }
  fs::path Blob(const std::string& content) const { return Images() / BlobName(content); }
  static std::string LayerName(const std::string& tar) {
    return absl::StrCat("layers/", Sha256Of(tar).hex());
  }
  fs::path Ref(const std::string& name) const {
    return Images() / "refs" / (absl::StrReplaceAll(name, {{"/", "+"}, {":", "="}}) + ".json");
  }

  const fs::path root_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<LayoutForTests> x_, y_;
  std::string base_, top_;
};

TEST_F(CheckTest, AWholeStore) {
  const StoreCheck check = Check();
  EXPECT_THAT(check.findings, IsEmpty());
  EXPECT_EQ(check.images, 2u);
  EXPECT_EQ(check.layers, 2u);
  EXPECT_EQ(check.blobs, 6u);
  EXPECT_EQ(check.bytes, x_->manifest.size() + x_->config.size() + y_->manifest.size() +
                             y_->config.size() + Gzip(base_).size() + Zstd(top_).size());
}

TEST_F(CheckTest, AnEmptyStore) {
  ASSERT_TRUE(store_->Remove("x:1").ok());
  ASSERT_TRUE(store_->Remove("y:2").ok());
  EXPECT_EQ(Check(), StoreCheck());
}

TEST_F(CheckTest, AMissingManifest) {
  fs::remove(Blob(x_->manifest));
  EXPECT_THAT(Findings(), ElementsAre(absl::StrCat(
                              "damaged: ", BlobName(x_->manifest), ": expected ",
                              Sha256Of(x_->manifest).ToString(), ", a manifest or config of ", kX,
                              "; there is nothing; 'pelagos image pull ", kX,
                              "', or loading its archive again, brings it back")));
  Load(*x_);
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(CheckTest, OtherBytesOfADocument) {
  for (const std::string& document : {x_->manifest, x_->config}) {
    Flip(Blob(document));
    EXPECT_THAT(Findings(),
                ElementsAre(AllOf(StartsWith(absl::StrCat("damaged: ", BlobName(document))),
                                  HasSubstr(absl::StrCat(
                                      "found ", Sha256Of(ReadText(Blob(document))).ToString())))));
    Load(*x_);
    EXPECT_THAT(Findings(), IsEmpty());
  }
}

TEST_F(CheckTest, AMissingConfigIsOfAllWhoNeedIt) {
  ASSERT_TRUE(store_->Tag("x:1", "z:3").ok());
  fs::remove(Blob(x_->config));
  EXPECT_THAT(Findings(),
              ElementsAre(AllOf(StartsWith(absl::StrCat("damaged: ", BlobName(x_->config))),
                                HasSubstr(absl::StrCat(kX, ", docker.io/library/z:3;")))));
}

TEST_F(CheckTest, AMissingBlob) {
  fs::remove(Blob(Zstd(top_)));
  EXPECT_THAT(Findings(),
              ElementsAre(absl::StrCat("damaged: ", BlobName(Zstd(top_)),
                                       ": expected a compressed layer of ", Zstd(top_).size(),
                                       " bytes; there is nothing, so that ", kX,
                                       " cannot be saved or pushed; 'pelagos image pull ", kX,
                                       "', or loading its archive again, brings it back")));
  Load(*x_);
  EXPECT_THAT(Findings(), IsEmpty());
}

// What the advice says is done, and helps.
TEST_F(CheckTest, OtherBytesOfABlob) {
  Flip(Blob(Gzip(base_)));
  EXPECT_THAT(
      Findings(),
      ElementsAre(absl::StrCat(
          "damaged: ", BlobName(Gzip(base_)), ": expected ", Sha256Of(Gzip(base_)).ToString(),
          ", a compressed layer of ", kX, ", ", kY, "; found ",
          Sha256Of(ReadText(Blob(Gzip(base_)))).ToString(),
          "; remove what needs it with 'pelagos image rm ", kX, " ", kY, "', and get it again")));
  ASSERT_TRUE(store_->Remove(kX).ok());
  ASSERT_TRUE(store_->Remove(kY).ok());
  Load(*x_);
  Load(*y_);
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(CheckTest, ATruncatedBlob) {
  fs::resize_file(Blob(Gzip(base_)), 10);
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr(absl::StrCat(
                              "compressed layer of ", Gzip(base_).size(), " bytes, found 10;"))));
}

TEST_F(CheckTest, ABlobThatIsNoFile) {
  fs::remove(Blob(Gzip(base_)));
  fs::create_directory(Blob(Gzip(base_)));
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("; it is no file; remove")));
  fs::remove(Blob(Gzip(base_)));
  fs::create_symlink("/dev/zero", Blob(Gzip(base_)));
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("; it is no file; remove")));
}

TEST_F(CheckTest, AMissingLayer) {
  fs::remove_all(Images() / LayerName(base_));
  EXPECT_THAT(Findings(),
              ElementsAre(absl::StrCat("damaged: ", LayerName(base_),
                                       ": expected the folder of an unpacked layer of ", kX, ", ",
                                       kY, "; there is nothing; 'pelagos image pull ", kX,
                                       "', or loading its archive again, brings it back")));
  Load(*x_);
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(CheckTest, ALayerThatIsNoFolder) {
  fs::remove_all(Images() / LayerName(top_));
  Write(Images() / LayerName(top_), "");
  EXPECT_THAT(Findings(), ElementsAre(AllOf(StartsWith("damaged: " + LayerName(top_)),
                                            HasSubstr("Not a directory"))));
}

TEST_F(CheckTest, AReferenceThatIsNone) {
  Write(Ref(kX), "{\"reference\": \"\x1b[2J");
  // What only x needs is not reported: it may be needed.
  EXPECT_THAT(Findings(),
              ElementsAre(AllOf(StartsWith("damaged: refs/docker.io+library+x=1.json: expected"),
                                EndsWith("'pelagos image rm docker.io/library/x:1', and get the "
                                         "image again"))));
  ASSERT_TRUE(store_->Remove(kX).ok());
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(CheckTest, AReferenceUnderAnotherName) {
  fs::copy_file(Ref(kX), Ref("docker.io/library/z:3"));
  EXPECT_THAT(
      Findings(),
      ElementsAre(HasSubstr(absl::StrCat("expected the name docker.io/library/z:3, found ", kX))));
}

TEST_F(CheckTest, CopiesThatAreNone) {
  const std::string whole = ReadText(Ref(kX));
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"A=1", "A=2"}, {"root:x:0", "root:x:1"}}) {
    ASSERT_NE(whole.find(from), std::string::npos) << whole;
    Write(Ref(kX), absl::StrReplaceAll(whole, {{from, to}}));
    EXPECT_THAT(Findings(), ElementsAre(AllOf(StartsWith("damaged: refs/docker.io+library+x=1"),
                                              HasSubstr("expected"), HasSubstr("cop"))))
        << from;
  }
  Load(*x_);
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(CheckTest, LeftOversAreNoDamage) {
  const std::string hex(64, 'e');
  fs::create_directories(Images() / "ingest/abcdef/half");
  Write(Images() / "partial" / hex, "1234567");
  Write(Images() / "blobs/sha256" / hex, "x");
  Write(Images() / "blobs/sha256" / (hex + ".new.1"), "x");
  Write(Images() / "refs/docker.io+library+x=1.json.new.17", "x");
  fs::create_directory(Images() / "layers" / hex);
  const StoreCheck check = Check();
  EXPECT_EQ(check.Count(StoreFinding::Kind::kDamage), 0u);
  EXPECT_THAT(
      Findings(),
      ElementsAre(
          "left over: refs/docker.io+library+x=1.json.new.17: what a killed command was writing; "
          "the next command that changes the store removes it",
          absl::StrCat("left over: blobs/sha256/", hex,
                       ": a blob that no image needs; 'pelagos image prune' removes it"),
          absl::StrCat("left over: blobs/sha256/", hex,
                       ".new.1: what a killed command was writing; the next command that changes "
                       "the store removes it"),
          absl::StrCat("left over: layers/", hex,
                       ": a layer that no image needs; 'pelagos image prune' removes it"),
          absl::StrCat("left over: partial/", hex,
                       ": the first 7 bytes of a blob; the next pull of it goes on there, and "
                       "'pelagos image prune' removes it"),
          "left over: ingest/abcdef: what a killed command was making; the next command that "
          "changes the store removes it"));
  { ASSERT_TRUE(store_->StartIngest().ok()); }
  EXPECT_THAT(Findings(), SizeIs(3)) << "the next command has removed its part";
  ASSERT_TRUE(store_->Prune(nullptr).ok());
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(CheckTest, WhatLivesIsNotLeftOver) {
  const absl::StatusOr<Ingest> ingest = store_->StartIngest();
  ASSERT_TRUE(ingest.ok()) << ingest.status();
  const auto partial =
      sys::LockFile(store_->PartialPath(Sha256Of("on its way")), sys::LockMode::kTry);
  ASSERT_TRUE(partial.ok()) << partial.status();
  const Digest gone = Sha256Of("a layer whose image has gone");
  fs::create_directory(Images() / "layers" / gone.hex());
  const auto hold = store_->HoldLayer(gone);
  ASSERT_TRUE(hold.ok() && hold->has_value());
  EXPECT_THAT(Findings(), IsEmpty());
}

// A name that looks like a temporary, but is none, is not reaped.
TEST_F(CheckTest, ATagThatLooksLikeATemporary) {
  ASSERT_TRUE(store_->Tag("x:1", "x:1.new.2").ok());
  { ASSERT_TRUE(store_->StartIngest().ok()); }
  EXPECT_TRUE(store_->Find("x:1.new.2").ok());
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(CheckTest, GoesThroughItsReport) {
  StoreCheck check = Check();
  check.findings = {{StoreFinding::Kind::kDamage, "refs/\t", "a\n\"b\"", "c"},
                    {StoreFinding::Kind::kLeftOver, "d", "e", "f"}};
  const absl::StatusOr<StoreCheck> back = ParseStoreCheck(PrintStoreCheck(check));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, check);
  EXPECT_EQ(check.findings[0].ToString(), "damaged: refs/\\x09: a\\x0a\"b\"; c");
  for (const char* wrong : {"", "[]", "{}", R"({"images":-1})",
                            R"({"images":1,"blobs":1,"layers":1,"bytes":1,"findings":[{}]})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseStoreCheck(wrong).status())) << wrong;
  }
}

}  // namespace
}  // namespace pelagos::image
