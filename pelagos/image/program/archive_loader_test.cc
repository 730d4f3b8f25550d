// OCI layouts and docker-archives, honest and lying. After a refusal the store is as it was.

#include "pelagos/image/program/archive_loader.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pelagos/image/program/tar_for_tests.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::string kBase = TarBuilder().Folder("etc").File("etc/name", "base").Build();
const std::string kTop = TarBuilder().File("etc/name", "top").Build();

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ArchiveLoaderTest : public ::testing::Test {
 protected:
  ArchiveLoaderTest()
      : root_(fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    absl::StatusOr<Store> store = Store::Open(root_.string());
    EXPECT_TRUE(store.ok()) << store.status();
    store_.emplace(*std::move(store));
  }

  // What would be published.
  absl::StatusOr<std::vector<NewImage>> Read(const Ingest& ingest, const std::string& archive,
                                             absl::string_view tag, Limits limits = {}) {
    std::optional<Reference> name;
    if (!tag.empty()) {
      PELAGOS_ASSIGN_OR_RETURN(name, ParseReference(tag));
    }
    Budget budget(limits);
    StringSource input(archive);
    return ArchiveLoader(ingest, budget).Load(input, name);
  }

  // The digest of the one image that would be published under a name of ours.
  absl::StatusOr<std::string> DigestIn(const std::string& archive) {
    PELAGOS_ASSIGN_OR_RETURN(const Ingest ingest, store_->StartIngest());
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<NewImage> images, Read(ingest, archive, "app:1"));
    return images.at(0).manifest_digest.ToString();
  }

  // The names that were loaded.
  absl::StatusOr<std::vector<std::string>> Load(const std::string& archive,
                                                absl::string_view tag = "", Limits limits = {}) {
    PELAGOS_ASSIGN_OR_RETURN(const Ingest ingest, store_->StartIngest());
    PELAGOS_ASSIGN_OR_RETURN(const std::vector<NewImage> images,
                             Read(ingest, archive, tag, limits));
    PELAGOS_RETURN_IF_ERROR(store_->Publish(ingest, images));
    std::vector<std::string> names;
    for (const NewImage& image : images) names.push_back(image.reference.ToString());
    return names;
  }

  std::string Error(const std::string& archive, absl::string_view tag = "") {
    const absl::Status status = Load(archive, tag).status();
    EXPECT_FALSE(status.ok());
    for (const char* folder : {"refs", "layers", "ingest", "blobs/sha256"}) {
      EXPECT_TRUE(fs::is_empty(root_ / "images" / folder)) << folder;
    }
    return std::string(status.message());
  }

  fs::path root_;
  std::optional<Store> store_;
};

LayoutForTests Layout(const std::string& name = "app:1") {
  return LayoutForTests({kBase, kTop}, {kBase, kTop}, name);
}

// A docker-archive as `docker save` wrote it for years: legacy folders, a link for a shared layer.
struct DockerArchive {
  std::string config = absl::StrCat(
      R"({"os":"linux","architecture":"amd64","config":{"Cmd":["sh"]},"rootfs":{"diff_ids":[")",
      Sha256Of(kBase).ToString(), R"(",")", Sha256Of(kTop).ToString(), R"("]}})");
  std::string config_name = Sha256Of(config).hex() + ".json";
  std::string tags = R"(["app:1","app:2"])";
  std::string layers = R"(["a/layer.tar","b/layer.tar"])";

  std::string Pack() const {
    return TarBuilder()
        .Folder("a")
        .File("a/VERSION", "1.0")
        .File("a/layer.tar", kBase)
        .Folder("c")
        .File("c/layer.tar", kTop)
        .Folder("b")
        .Symlink("b/layer.tar", "../c/layer.tar")
        .File(config_name, config)
        .File("manifest.json", absl::StrCat(R"([{"Config":")", config_name, R"(","RepoTags":)",
                                            tags, R"(,"Layers":)", layers, "}]"))
        .File("repositories", "{}")
        .Build();
  }
};

TEST_F(ArchiveLoaderTest, LoadsALayout) {
  const LayoutForTests layout = Layout();
  absl::StatusOr<std::vector<std::string>> names = Load(layout.Pack());
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_THAT(*names, ElementsAre("docker.io/library/app:1"));
  absl::StatusOr<ResolvedImage> image = store_->Find("app:1");
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->digest, Sha256Of(layout.manifest).ToString());
  ASSERT_THAT(image->layers, SizeIs(2));
  EXPECT_EQ(ReadFile(fs::path(image->layers[0]) / "etc/name"), "top");
  EXPECT_EQ(ReadFile(fs::path(image->layers[1]) / "etc/name"), "base");
  EXPECT_THAT(image->env, ElementsAre("A=1"));
  // The blobs are there as they came.
  EXPECT_EQ(ReadFile(root_ / "images/blobs/sha256" / Sha256Of(layout.manifest).hex()),
            layout.manifest);
  EXPECT_TRUE(fs::is_empty(root_ / "images/ingest"));
}

TEST_F(ArchiveLoaderTest, LoadsCompressedLayersAndArchives) {
  LayoutForTests layout({kBase, kTop}, {Gzip(kBase), Zstd(kTop)}, "app:1");
  ASSERT_TRUE(Load(layout.Pack()).ok());
  EXPECT_THAT(store_->Find("app:1")->layers, SizeIs(2));
  for (const std::string& archive : {Gzip(layout.Pack()), Zstd(layout.Pack())}) {
    EXPECT_TRUE(Load(archive).ok());
  }
}

TEST_F(ArchiveLoaderTest, LoadingTwiceIsFine) {
  ASSERT_TRUE(Load(Layout().Pack()).ok());
  ASSERT_TRUE(Load(Layout().Pack(), "other").ok());
  EXPECT_EQ(store_->Find("app:1")->layers, store_->Find("other")->layers);
}

TEST_F(ArchiveLoaderTest, TheSameLayerTwice) {
  LayoutForTests layout({kBase, kTop, kBase}, {kBase, kTop, kBase}, "app:1");
  ASSERT_TRUE(Load(layout.Pack()).ok());
  EXPECT_THAT(store_->Find("app:1")->layers, SizeIs(2));
}

TEST_F(ArchiveLoaderTest, LoadsADockerArchive) {
  absl::StatusOr<std::vector<std::string>> names = Load(DockerArchive().Pack());
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_THAT(*names, ElementsAre("docker.io/library/app:1", "docker.io/library/app:2"));
  absl::StatusOr<ResolvedImage> image = store_->Find("app:2");
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_THAT(image->layers, SizeIs(2));
  EXPECT_EQ(ReadFile(fs::path(image->layers[0]) / "etc/name"), "top");
  EXPECT_EQ(image->digest, store_->Find("app:1")->digest);
}

TEST_F(ArchiveLoaderTest, DockerArchivesAreVerified) {
  DockerArchive renamed;
  renamed.config_name = std::string(64, 'a') + ".json";
  EXPECT_THAT(Error(renamed.Pack()), HasSubstr("has the digest sha256:"));
  DockerArchive swapped;
  swapped.layers = R"(["b/layer.tar","a/layer.tar"])";
  EXPECT_THAT(Error(swapped.Pack()), HasSubstr("unpacks to sha256:"));
  DockerArchive fewer;
  fewer.layers = R"(["a/layer.tar"])";
  EXPECT_THAT(Error(fewer.Pack()), HasSubstr("has 1 layers, the config 2"));
  DockerArchive outside;
  outside.layers = R"(["a/layer.tar","../../../etc/passwd"])";
  EXPECT_THAT(Error(outside.Pack()), HasSubstr("is not in the archive"));
  DockerArchive nameless;
  nameless.tags = "null";
  EXPECT_THAT(Error(nameless.Pack()), HasSubstr("--tag"));
  EXPECT_TRUE(Load(nameless.Pack(), "mine").ok());
}

TEST_F(ArchiveLoaderTest, NamesComeFromTheArchiveOrTheTag) {
  EXPECT_THAT(*Load(Layout("ghcr.io/x/y:z").Pack()), ElementsAre("ghcr.io/x/y:z"));
  EXPECT_THAT(*Load(Layout("ghcr.io/x/y:z").Pack(), "mine"),
              ElementsAre("docker.io/library/mine:latest"));
  EXPECT_THAT(*Load(Layout("").Pack(), "mine"), ElementsAre("docker.io/library/mine:latest"));
}

TEST_F(ArchiveLoaderTest, ANameIsNeeded) {
  EXPECT_THAT(Error(Layout("").Pack()), HasSubstr("name it with --tag"));
  EXPECT_THAT(Error(Layout("Not A Name").Pack()), HasSubstr("'Not A Name' is not an image name"));
}

TEST_F(ArchiveLoaderTest, SeveralImages) {
  LayoutForTests layout = Layout("a:1");
  LayoutForTests second({kBase}, {kBase}, "b:1");
  for (const auto& [path, content] : second.blobs) layout.AddBlob(content);
  layout.index = LayoutForTests::Index(
      LayoutForTests::Descriptor("manifest.v1+json", layout.manifest, "a:1") + "," +
      LayoutForTests::Descriptor("manifest.v1+json", second.manifest, "b:1"));
  EXPECT_THAT(Error(layout.Pack(), "mine"), HasSubstr("--tag names one image"));
  EXPECT_THAT(*Load(layout.Pack()), ElementsAre("docker.io/library/a:1", "docker.io/library/b:1"));
}

std::string WithPlatform(const std::string& descriptor, const Platform& platform) {
  return absl::StrCat(descriptor.substr(0, descriptor.size() - 1), R"(,"platform":{"os":")",
                      platform.os, R"(","architecture":")", platform.architecture, "\"}}");
}

TEST_F(ArchiveLoaderTest, AnIndexOffersPlatforms) {
  LayoutForTests layout = Layout();
  LayoutForTests foreign({kTop}, {kTop}, "");
  for (const auto& [path, content] : foreign.blobs) layout.AddBlob(content);
  const std::string other = WithPlatform(
      LayoutForTests::Descriptor("manifest.v1+json", foreign.manifest), {"linux", "pdp11"});
  const std::string ours =
      WithPlatform(LayoutForTests::Descriptor("manifest.v1+json", layout.manifest), HostPlatform());
  const std::string inner = LayoutForTests::Index(other + "," + ours);
  layout.AddBlob(inner);
  layout.index = LayoutForTests::Index(LayoutForTests::Descriptor("index.v1+json", inner, "app:1"));
  ASSERT_TRUE(Load(layout.Pack()).ok());
  EXPECT_EQ(store_->Find("app:1")->digest, Sha256Of(layout.manifest).ToString());
}

TEST_F(ArchiveLoaderTest, NoImageForThisMachine) {
  LayoutForTests layout = Layout();
  layout.index = LayoutForTests::Index(WithPlatform(
      LayoutForTests::Descriptor("manifest.v1+json", layout.manifest), {"linux", "pdp11"}));
  EXPECT_THAT(Error(layout.Pack(), "x"), HasSubstr("only for linux/pdp11"));
}

TEST_F(ArchiveLoaderTest, IndexesNestOnlySoFar) {
  LayoutForTests layout = Layout();
  std::string index = layout.index;
  for (int i = 0; i < 12; ++i) {
    layout.AddBlob(index);
    index = LayoutForTests::Index(LayoutForTests::Descriptor("index.v1+json", index, "app:1"));
  }
  layout.index = index;
  EXPECT_THAT(Error(layout.Pack()), HasSubstr("nest deeper"));
}

TEST_F(ArchiveLoaderTest, EveryBlobIsWhatItsNameSays) {
  for (size_t i = 0; i < Layout().blobs.size(); ++i) {
    LayoutForTests layout = Layout();
    layout.blobs[i].second += " ";
    EXPECT_THAT(Error(layout.Pack()), HasSubstr("its content has the digest")) << i;
  }
}

TEST_F(ArchiveLoaderTest, EveryBlobIsNeeded) {
  for (size_t i = 0; i < Layout().blobs.size(); ++i) {
    LayoutForTests layout = Layout();
    layout.blobs.erase(layout.blobs.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_THAT(Error(layout.Pack()), HasSubstr("is not in the archive")) << i;
  }
}

TEST_F(ArchiveLoaderTest, LayersUnpackToTheirDiffIds) {
  // The config promises the diffIDs of two tars, the manifest brings two others.
  const std::string other = TarBuilder().File("etc/name", "evil").Build();
  LayoutForTests layout({kBase, kTop}, {kBase, other}, "app:1");
  layout.manifest = absl::StrReplaceAll(layout.manifest, {{"tar+zstd", "tar"}});
  layout.AddBlob(layout.manifest);
  layout.index = LayoutForTests::Index(
      LayoutForTests::Descriptor("manifest.v1+json", layout.manifest, "app:1"));
  EXPECT_THAT(Error(layout.Pack()), HasSubstr("unpacks to sha256:"));
}

TEST_F(ArchiveLoaderTest, SizesAreWhatTheManifestSays) {
  LayoutForTests layout = Layout();
  layout.manifest = absl::StrReplaceAll(layout.manifest,
                                        {{absl::StrCat("\"size\":", kTop.size()), "\"size\":17"}});
  layout.AddBlob(layout.manifest);
  layout.index = LayoutForTests::Index(
      LayoutForTests::Descriptor("manifest.v1+json", layout.manifest, "app:1"));
  EXPECT_THAT(Error(layout.Pack()), HasSubstr("but the manifest says 17"));
}

TEST_F(ArchiveLoaderTest, ABrokenLayerMattersIfItIsNeeded) {
  const std::string evil = TarBuilder().File("../x").Build();
  LayoutForTests layout({kBase, evil}, {kBase, evil}, "app:1");
  EXPECT_THAT(Error(layout.Pack()), HasSubstr("climbs with '..'"));
  LayoutForTests beside = Layout();
  beside.AddBlob(evil);
  EXPECT_TRUE(Load(beside.Pack()).ok());
}

TEST_F(ArchiveLoaderTest, LimitsHoldAcrossLayers) {
  const std::string zeros = TarBuilder().File("z", std::string(1 << 20, '\0')).Build();
  const std::string more = TarBuilder().File("y", std::string(1 << 20, '\0')).Build();
  LayoutForTests layout({zeros, more}, {Gzip(zeros), Gzip(more)}, "app:1");
  const absl::Status status = Load(layout.Pack(), "", {.max_bytes = 3 << 19}).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_TRUE(fs::is_empty(root_ / "images/ingest"));
  EXPECT_TRUE(Load(layout.Pack(), "", {.max_bytes = 3 << 20}).ok());
}

TEST_F(ArchiveLoaderTest, RefusesWhatIsNoImageArchive) {
  EXPECT_THAT(Error(""), HasSubstr("the archive is empty"));
  EXPECT_THAT(Error("hello"), HasSubstr("damaged"));
  EXPECT_THAT(Error(kBase), HasSubstr("neither an OCI image layout"));
  EXPECT_THAT(Error(TarBuilder().File("index.json", "{").Build()), HasSubstr("not JSON"));
  EXPECT_THAT(Error(TarBuilder().File("index.json", R"({"manifests":[]})").Build()),
              HasSubstr("has no image"));
  EXPECT_THAT(Error(TarBuilder().File("manifest.json", "[]").Build()), HasSubstr("has no image"));
  EXPECT_THAT(Error(TarBuilder().File("../index.json", "{}").Build()), HasSubstr("climbs"));
  EXPECT_THAT(Error(TarBuilder().File("index.json", "{}").File("./index.json", "{}").Build()),
              HasSubstr("twice"));
  LayoutForTests windows = Layout();
  windows.config = absl::StrReplaceAll(windows.config, {{"linux", "windows"}});
  windows.AddBlob(windows.config);
  windows.manifest = absl::StrReplaceAll(
      windows.manifest, {{LayoutForTests::Descriptor("config.v1+json", Layout().config),
                          LayoutForTests::Descriptor("config.v1+json", windows.config)}});
  windows.AddBlob(windows.manifest);
  windows.index = LayoutForTests::Index(
      LayoutForTests::Descriptor("manifest.v1+json", windows.manifest, "app:1"));
  EXPECT_THAT(Error(windows.Pack()), HasSubstr("windows/amd64, not for linux"));
}

TEST_F(ArchiveLoaderTest, TruncationsAreNoticedWhereverTheyAre) {
  const std::string archive = Gzip(Layout().Pack());
  for (size_t size = 1; size < archive.size(); size += archive.size() / 37) {
    EXPECT_FALSE(DigestIn(archive.substr(0, size)).ok()) << size;
  }
  const std::string plain = Layout().Pack();
  for (size_t size = 100; size + 1536 < plain.size(); size += 700) {
    EXPECT_FALSE(DigestIn(plain.substr(0, size)).ok()) << size;
  }
}

TEST_F(ArchiveLoaderTest, FlippedBitsNeverGiveAnotherImage) {
  const LayoutForTests layout = Layout();
  const std::string digest = Sha256Of(layout.manifest).ToString();
  const std::string good = layout.Pack();
  int loaded = 0;
  for (size_t at = 0; at < good.size(); at += 61) {
    std::string flipped = good;
    flipped[at] ^= 1;
    const absl::StatusOr<std::string> found = DigestIn(flipped);
    if (!found.ok()) continue;
    ++loaded;  // padding, a time, another name
    EXPECT_EQ(*found, digest) << at;
  }
  EXPECT_LT(loaded, static_cast<int>(good.size() / 61));
}

}  // namespace
}  // namespace pelagos::image
