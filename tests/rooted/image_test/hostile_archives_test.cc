// Every malicious image of hostile_archives.h through every door of the store, by the real
// programs: a clear error, the store as it was, and nothing touched outside.

#include "tests/rooted/image_test/hostile_archives.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/image/registry/fake_registry.h"
#include "tests/rooted/image_test/registry_world.h"

namespace pelagos::rooted {
namespace {

namespace fs = std::filesystem;
using image::FakeRegistry;
using image::LayoutForTests;
using image::Sha256Of;
using image::TarBuilder;

constexpr char kManifest[] = "application/vnd.oci.image.manifest.v1+json";

class HostileArchivesTest : public RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    if (IsSkipped()) return;
    // A layer's folder is data/images/ingest/XXXXXX/N.
    outside_ = {folder_ + "/outside", "../../../../../outside"};
    ASSERT_TRUE(sys::MakeFolders(outside_.absolute, 0755).ok());
    Write("outside/precious", "gold");
    Write("outside/.hidden", "silver");
    const std::string honest = TarBuilder().File("honest", "yes").Build();
    Write("honest.tar", LayoutForTests({honest}, {honest}, "honest:1").Pack());
    Must({"image", "load", folder_ + "/honest.tar"});
    before_ = Everything();
  }
  void TearDown() override {
    if (!folder_.empty()) {
      EXPECT_EQ(InImage("honest:1", "cat honest"), "yes");
      EXPECT_TRUE(absl::EndsWith(Must({"image", "fsck"}), ": the store is whole\n"));
    }
    RegistryTest::TearDown();
  }

  // Each file of the store and outside, with all that is known of it. What a transfer keeps for the
  // next attempt is not of the store yet.
  std::set<std::string> Everything() const {
    std::set<std::string> all;
    for (const std::string& top : {data_root(), outside_.absolute}) {
      for (const auto& entry : fs::recursive_directory_iterator(top)) {
        const std::string path = entry.path().string();
        if (absl::StrContains(path, "/images/partial/")) continue;
        struct stat info = {};
        EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
        std::string content;
        if (S_ISREG(info.st_mode)) {
          std::ifstream file(path, std::ios::binary);
          const std::string bytes(std::istreambuf_iterator<char>(file), {});
          content = Sha256Of(bytes).hex();
        }
        // Folders of the store come and go in others, which changes these' times.
        const bool folder = S_ISDIR(info.st_mode);
        all.insert(absl::StrCat(path, " ", info.st_mode, " ", info.st_uid, ":", info.st_gid, " ",
                                folder ? 0 : info.st_size, " ", folder ? 0 : info.st_mtim.tv_sec,
                                ".", folder ? 0 : info.st_mtim.tv_nsec, " ", info.st_nlink, " ",
                                content));
      }
    }
    return all;
  }

  void ExpectRefused(std::vector<std::string> words, const std::vector<std::string>& flags,
                     const std::string& error) {
    SCOPED_TRACE(absl::StrJoin(words, " "));
    words.insert(words.end(), flags.begin(), flags.end());
    const Outcome outcome = Pelagos(words);
    EXPECT_EQ(outcome.code, 1) << outcome.Describe();
    EXPECT_EQ(outcome.out, "") << outcome.Describe();
    // One line, fit for a terminal.
    const std::string& said = outcome.err;
    EXPECT_TRUE(absl::StartsWith(outcome.err, "pelagos: error: ")) << outcome.Describe();
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << outcome.Describe();
    EXPECT_LT(said.size(), 2000u) << outcome.Describe();
    EXPECT_TRUE(absl::StrContains(outcome.err, error)) << "expected: " << error << "\n"
                                                       << outcome.Describe();
    EXPECT_EQ(Everything(), before_);
  }
  // It may come in; then it goes again.
  void ExpectHarmless(std::vector<std::string> words, const std::string& name) {
    SCOPED_TRACE(absl::StrJoin(words, " "));
    Must(std::move(words));
    EXPECT_TRUE(absl::EndsWith(Must({"image", "fsck"}), ": the store is whole\n"));
    Must({"image", "rm", name});
    EXPECT_EQ(Everything(), before_);
  }

  static std::string DockerArchive(const std::string& layer, const LayoutForTests& layout) {
    return TarBuilder()
        .File("a/layer.tar", layer)
        .File("config.json", layout.config)
        .File("manifest.json",
              R"([{"Config":"config.json","RepoTags":["hostile:1"],"Layers":["a/layer.tar"]}])")
        .Build();
  }

  Outside outside_;
  std::set<std::string> before_;
};

TEST_F(HostileArchivesTest, LayersThroughEachDoor) {
  FakeRegistry registry;
  const std::string file = folder_ + "/hostile.tar", remote = registry.host() + "/h/x:1";
  std::set<std::string> names;
  size_t refused = 0;
  for (const HostileLayer& layer : HostileLayers(outside_)) {
    if (HasFailure()) return;  // what came in would be found by all that follow
    SCOPED_TRACE(layer.name);
    EXPECT_TRUE(names.insert(layer.name).second) << "twice";
    const std::string& blob = layer.blob.empty() ? layer.tar : layer.blob;
    // Compressed or not is for the first bytes to say.
    LayoutForTests layout({layer.tar}, {layer.tar}, "hostile:1");
    if (blob != layer.tar) layout = LayoutForTests({layer.tar}, {blob}, "hostile:1");
    registry.AddBlob(blob);
    registry.AddBlob(layout.config);
    registry.AddManifest("h/x", "1", layout.manifest, kManifest);
    const std::string& in_archive =
        layer.error_in_archive.empty() ? layer.error : layer.error_in_archive;
    Write("hostile.tar", layout.Pack());
    Write("docker.tar", DockerArchive(blob, layout));
    Write("layer.tar", blob);
    const std::vector<std::string> load = {"image", "load", file},
                                   load_docker = {"image", "load", folder_ + "/docker.tar"},
                                   pull = {"image", "pull", "--progress", "quiet", remote},
                                   import = {"image", "import", folder_ + "/layer.tar",
                                             "hostile:1"};
    if (layer.harmless) {
      ExpectHarmless(load, "hostile:1");
      ExpectHarmless(load_docker, "hostile:1");
      ExpectHarmless(pull, remote);
      ExpectHarmless(import, "hostile:1");
    } else {
      ++refused;
      ExpectRefused(load, layer.flags, in_archive);
      ExpectRefused(load_docker, layer.flags, in_archive);
      ExpectRefused(pull, layer.flags, layer.error);
      ExpectRefused(import, layer.flags, layer.error);
    }
  }
  EXPECT_GE(refused, 60u);
}

TEST_F(HostileArchivesTest, DocumentsFromAnArchiveAndFromARegistry) {
  FakeRegistry registry;
  const std::string file = folder_ + "/hostile.tar", remote = registry.host() + "/h/x:1";
  std::set<std::string> names;
  for (const HostileImage& image : HostileImages()) {
    SCOPED_TRACE(image.name);
    EXPECT_TRUE(names.insert(image.name).second) << "twice";
    TarBuilder archive;
    for (const auto& [hex, content] : image.blobs) {
      archive.File("blobs/sha256/" + hex, content);
      registry.AddBlobAs("sha256:" + hex, content);
    }
    if (image.blobs.count(Sha256Of(image.top).hex()) == 0) {
      archive.File("blobs/sha256/" + Sha256Of(image.top).hex(), image.top);
    }
    const std::string type(absl::StripPrefix(image.type, LayoutForTests::kOci));
    archive.File("index.json",
                 LayoutForTests::Index(LayoutForTests::Descriptor(type, image.top, "hostile:1")));
    Write("hostile.tar", archive.Build());
    registry.AddManifest("h/x", "1", image.top, image.type);
    for (const auto& [hex, content] : image.blobs) {  // indexes lead to them
      if (!content.empty() && content[0] == '{') {
        const bool index = absl::StrContains(content, "\"manifests\"");
        registry.AddManifest("h/x", "", content,
                             index ? "application/vnd.oci.image.index.v1+json" : kManifest);
      }
    }
    ExpectRefused({"image", "load", file}, {}, image.error);
    ExpectRefused({"image", "pull", "--progress", "quiet", remote}, {},
                  image.error_of_registry.empty() ? image.error : image.error_of_registry);
  }
  EXPECT_GE(names.size(), 40u);
}

TEST_F(HostileArchivesTest, Files) {
  std::set<std::string> names;
  for (const HostileFile& hostile : HostileFiles(outside_)) {
    SCOPED_TRACE(hostile.name);
    EXPECT_TRUE(names.insert(hostile.name).second) << "twice";
    Write("hostile.tar", hostile.bytes);
    ExpectRefused({"image", "load", folder_ + "/hostile.tar"}, hostile.flags, hostile.error);
  }
  EXPECT_GE(names.size(), 35u);
}

}  // namespace
}  // namespace pelagos::rooted
