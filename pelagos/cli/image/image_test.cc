#include "pelagos/cli/image/image.h"

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pelagos/image/store.h"

namespace pelagos::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

struct Outcome {
  int code = 0;
  std::string out, err;
};

class ImageCommandTest : public ::testing::Test {
 protected:
  ImageCommandTest()
      : root_(fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
  }

  Outcome Run(const std::vector<std::string>& args) {
    CaptureStdout();
    CaptureStderr();
    Outcome outcome;
    outcome.code = ImageCommand(root_.string(), "/nowhere", args);
    outcome.out = GetCapturedStdout();
    outcome.err = GetCapturedStderr();
    return outcome;
  }

  // An image whose layer holds nothing; the store takes its caller's word for digests.
  void Add(const std::string& name) {
    absl::StatusOr<image::Store> store = image::Store::Open(root_.string());
    absl::StatusOr<image::Ingest> ingest = store->StartIngest();
    image::NewImage image;
    image.reference = *image::ParseReference(name);
    image.manifest_digest = *image::DigestOfHex(std::string(64, 'a'));
    image.config_digest = *image::DigestOfHex(std::string(64, 'c'));
    const image::Digest layer = *image::DigestOfHex(std::string(64, 'd'));
    const std::string folder = ingest->folder() + "/0";
    fs::create_directory(folder);
    image.layers.push_back({layer, folder});
    image::ImageConfig config;
    config.diff_ids = {layer};
    image.config = image::PrintImageConfig(config);
    image::Manifest manifest;
    manifest.config = {std::string(image::kConfigType), image.config_digest, 1, {}, {}};
    manifest.layers = {{std::string(image::kLayerType), layer, 1, {}, {}}};
    image.manifest = image::PrintManifest(manifest);
    const absl::Status status = store->Publish(*ingest, {image});
    ASSERT_TRUE(status.ok()) << status;
  }

  fs::path root_;
};

TEST_F(ImageCommandTest, HelpOfEachCommandHasAnExample) {
  for (const char* name : {"pull", "push", "login", "logout", "load", "save", "import", "ls",
                           "inspect", "history", "tag", "rm", "prune", "fsck"}) {
    const Outcome outcome = Run({name, "--help"});
    EXPECT_EQ(outcome.code, 0) << name;
    EXPECT_THAT(outcome.out, HasSubstr("\nexample:\n")) << name;
  }
  EXPECT_EQ(Run({"--help"}).code, 0);
  EXPECT_EQ(Run({}).code, 2);
}

TEST_F(ImageCommandTest, WrongUseGivesTwo) {
  EXPECT_THAT(Run({"lod"}).err, HasSubstr("did you mean 'load'?"));
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"lod"},
           {"load", "a", "b"},
           {"load", "-i", "a", "b"},
           {"load", "--tag", "A", "x"},
           {"load", "--max-bytes", "many", "x"},
           {"load", "--max-entries", "0", "x"},
           {"import", "x"},
           {"import", "x", "UPPER"},
           {"ls", "x"},
           {"ls", "--format", "xml"},
           {"pull"},
           {"pull", "UPPER"},
           {"pull", "--progress", "loud", "x"},
           {"pull", "--platform", "amd64", "x"},
           {"pull", "--password", "p", "x"},
           {"pull", "-u", "me", "-p", "p", "--password-stdin", "x"},
           {"push"},
           {"push", "a", "b", "c"},
           {"push", "a", "UPPER"},
           {"login", "a b"},
           {"login", "a.b", "c.d"},
           {"logout", "a b"},
           {"save"},
           {"save", "--format", "zip", "x"},
           {"inspect"},
           {"inspect", "--raw", "layers", "x"},
           {"history"},
           {"tag", "a"},
           {"tag", "a", "UPPER"},
           {"prune", "x"},
           {"fsck", "x"},
           {"prune", "--filter", "until=24h"},
           {"prune", "--all", "--filter", "until=never"},
           {"rm"}}) {
    EXPECT_EQ(Run(args).code, 2) << args[0];
  }
}

TEST_F(ImageCommandTest, WhatIsMissingGivesOne) {
  const Outcome load = Run({"load", "/nowhere/x.tar"});
  EXPECT_EQ(load.code, 1);
  EXPECT_THAT(load.err, HasSubstr("open('/nowhere/x.tar'): No such file"));
  EXPECT_EQ(Run({"import", "/nowhere", "x"}).code, 1);
  const Outcome rm = Run({"rm", "redis", "nginx"});
  EXPECT_EQ(rm.code, 1);
  EXPECT_EQ(rm.err,
            "pelagos: error: image 'redis' is not in the store\n"
            "pelagos: error: image 'nginx' is not in the store\n");
}

TEST_F(ImageCommandTest, TagsAndDescribes) {
  Add("redis:7");
  const Outcome tag = Run({"tag", "redis:7", "example.org/mine:1"});
  EXPECT_EQ(tag.out, "docker.io/library/redis:7 -> example.org/mine:1\n") << tag.err;
  EXPECT_THAT(Run({"ls"}).out, HasSubstr("example.org/mine:1"));
  EXPECT_EQ(Run({"tag", "redis:8", "x"}).code, 1);
  EXPECT_EQ(Run({"inspect", "redis:8"}).code, 1);
  EXPECT_THAT(Run({"inspect", "example.org/mine:1"}).out,
              HasSubstr("\"Reference\": \"example.org/mine:1\",\n"));
  EXPECT_THAT(Run({"inspect", "--raw", "config", "redis:7"}).out, HasSubstr("\"diff_ids\""));
  EXPECT_THAT(Run({"history", "--json", "redis:7"}).out, HasSubstr("\"size\": 1"));
  EXPECT_THAT(Run({"prune"}).out, HasSubstr("Freed "));
  EXPECT_THAT(Run({"ls"}).out, HasSubstr("redis:7"));
}

TEST_F(ImageCommandTest, ListsAndRemoves) {
  EXPECT_THAT(Run({"ls"}).out, HasSubstr("No images found."));
  EXPECT_EQ(Run({"ls", "--json"}).out, "[]\n");
  Add("redis:7");
  EXPECT_EQ(Run({"ls"}).out,
            "REFERENCE                      LAYERS     DIGEST\n"
            "docker.io/library/redis:7      1          aaaaaaaaaaaa\n");
  EXPECT_THAT(Run({"ls", "--format", "JSON"}).out,
              HasSubstr("    \"reference\": \"docker.io/library/redis:7\",\n"));
  const Outcome rm = Run({"rm", "redis:7"});
  EXPECT_EQ(rm.code, 0) << rm.err;
  EXPECT_EQ(rm.out, "Removed image: docker.io/library/redis:7\n");
  EXPECT_EQ(Run({"ls", "--json"}).out, "[]\n");
}

}  // namespace
}  // namespace pelagos::cli
