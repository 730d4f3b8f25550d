// Images made by umoci and packed by skopeo: a layout's way into the store, by both kinds of
// archive and every compression.

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/rooted/image_test/store_world.h"

namespace pelagos::rooted {
namespace {

class ToolsTest : public ImageTest {
 protected:
  void SetUp() override {
    ImageTest::SetUp();
    if (IsSkipped()) return;
    for (const char* tool : {"umoci", "skopeo"}) {
      if (rooted::Run({"sh", "-c", absl::StrCat("command -v ", tool)}).code != 0) {
        GTEST_SKIP() << "SKIPPED: " << tool << " is not installed (third_party/apt-packages.txt)";
      }
    }
    // Three layers: a base, a folder made opaque, a file removed.
    const Outcome made = rooted::Run({"sh", "-ec",
                                      absl::StrCat(R"(
      cd )",
                                                   folder_, R"(
      mkdir -p root/etc root/srv/site other
      echo 'app:x:70:71::/srv:/bin/sh' > root/etc/passwd
      echo 'app:x:71:' > root/etc/group
      echo base > root/srv/site/old
      echo base > root/removed
      chown -R 70:71 root/srv; chmod 2750 root/srv/site
      ln -s ../etc root/srv/link; ln root/removed root/kept
      echo new > other/new
      umoci init --layout layout
      umoci new --image layout:t
      umoci insert --image layout:t root /
      umoci insert --image layout:t --opaque other /srv/site
      umoci insert --image layout:t --whiteout /removed
      umoci config --image layout:t --config.user app --config.cmd serve --config.cmd --all \
        --config.env A=1 --config.workingdir /srv --os linux --architecture amd64
    )")});
    ASSERT_EQ(made.code, 0) << made.Describe();
  }

  std::string Pack(const std::string& target, const std::vector<std::string>& flags = {}) {
    std::vector<std::string> argv = {"skopeo", "--insecure-policy", "--tmpdir", folder_, "copy"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    argv.insert(argv.end(), {absl::StrCat("oci:", folder_, "/layout:t"), target});
    const Outcome copied = rooted::Run(argv);
    EXPECT_EQ(copied.code, 0) << copied.Describe();
    return copied.code == 0 ? "" : "failed";
  }

  void ExpectTheImage(const std::string& reference) {
    absl::StatusOr<ResolvedImage> image = store_->Find(reference);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->user, "app");
    EXPECT_EQ(image->cmd, (std::vector<std::string>{"serve", "--all"}));
    EXPECT_EQ(image->workdir, "/srv");
    EXPECT_EQ(image->layers.size(), 3u);
    EXPECT_EQ(
        InImage(reference, "find . -mindepth 1 | LC_ALL=C sort; cat srv/site/new kept etc/group"),
        "./etc\n./etc/group\n./etc/passwd\n./kept\n./srv\n./srv/link\n./srv/site\n"
        "./srv/site/new\nnew\nbase\napp:x:71:\n");
  }
};

TEST_F(ToolsTest, OciArchive) {
  ASSERT_EQ(Pack(absl::StrCat("oci-archive:", folder_, "/x.tar:example.org/x:1")), "");
  const auto images = LoadFile(folder_ + "/x.tar");
  ASSERT_TRUE(images.ok()) << images.status();
  EXPECT_EQ((*images)[0].reference, "example.org/x:1");
  ExpectTheImage("example.org/x:1");
  // The digest is that of the layout's own manifest: nothing was rewritten.
  const Outcome inspected = rooted::Run({"skopeo", "inspect", "--format", "{{.Digest}}",
                                         absl::StrCat("oci-archive:", folder_, "/x.tar")});
  EXPECT_EQ(inspected.out, (*images)[0].digest + "\n") << inspected.Describe();
}

TEST_F(ToolsTest, DockerArchive) {
  ASSERT_EQ(Pack(absl::StrCat("docker-archive:", folder_, "/y.tar:y:2")), "");
  const auto images = LoadFile(folder_ + "/y.tar");
  ASSERT_TRUE(images.ok()) << images.status();
  EXPECT_EQ((*images)[0].reference, "docker.io/library/y:2");
  ExpectTheImage("y:2");
}

TEST_F(ToolsTest, BothShareTheirLayers) {
  ASSERT_EQ(Pack(absl::StrCat("oci-archive:", folder_, "/x.tar:x:1")), "");
  ASSERT_EQ(Pack(absl::StrCat("docker-archive:", folder_, "/y.tar:y:2")), "");
  ASSERT_TRUE(LoadFile(folder_ + "/x.tar").ok());
  ASSERT_TRUE(LoadFile(folder_ + "/y.tar").ok());
  EXPECT_EQ(store_->Find("x:1")->layers, store_->Find("y:2")->layers);
  ASSERT_TRUE(store_->Remove("x:1").ok());
  ExpectTheImage("y:2");
  ASSERT_TRUE(store_->Remove("y:2").ok());
  EXPECT_EQ(*sys::ListFolder(store_->folder() + "/layers"), std::vector<std::string>());
}

TEST_F(ToolsTest, ZstdLayers) {
  ASSERT_EQ(
      Pack(absl::StrCat("oci-archive:", folder_, "/z.tar:z:3"), {"--dest-compress-format", "zstd"}),
      "");
  const auto images = LoadFile(folder_ + "/z.tar");
  ASSERT_TRUE(images.ok()) << images.status();
  ExpectTheImage("z:3");
}

TEST_F(ToolsTest, ADirectoryLayoutAsATarOnAPipe) {
  const Outcome loaded =
      rooted::Run({"sh", "-ec",
                   absl::StrCat("tar -C ", folder_, "/layout -c . | ", options_.program,
                                " load --tag w --data-root ", data_root())});
  ASSERT_EQ(loaded.code, 0) << loaded.Describe();
  ExpectTheImage("w");
}

TEST_F(ToolsTest, ArchivesOfArchiversWithGzip) {
  ASSERT_EQ(Pack(absl::StrCat("docker-archive:", folder_, "/y.tar:y:2")), "");
  ASSERT_EQ(rooted::Run({"gzip", folder_ + "/y.tar"}).code, 0);
  const auto images = LoadFile(folder_ + "/y.tar.gz", "mine:1");
  ASSERT_TRUE(images.ok()) << images.status();
  ExpectTheImage("mine:1");
}

}  // namespace
}  // namespace pelagos::rooted
