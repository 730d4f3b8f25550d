#include "pelagos/image/registry/pull.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/image/registry/fake_registry.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;

constexpr char kOciIndex[] = "application/vnd.oci.image.index.v1+json";
constexpr char kOciManifest[] = "application/vnd.oci.image.manifest.v1+json";

class PullTest : public ::testing::Test {
 protected:
  PullTest() : root_(fs::path(std::getenv("TEST_TMPDIR")) / "pull") {
    fs::remove_all(root_);
    store_ = std::make_unique<Store>(*Store::Open(root_.string()));
    base_ = TarBuilder().Folder("etc").File("etc/passwd", "root:x:0:0::/:/bin/sh\n").Build();
    // Long enough to be cut, and not to be compressed away.
    std::string noise;
    uint32_t x = 1;
    for (int i = 0; i < 300000; ++i)
      noise.push_back(static_cast<char>((x = x * 1103515245 + 12345) >> 16));
    top_ = TarBuilder().File("noise", noise).Build();
    request_.attempts = 3;
    request_.stall_seconds = 1;
    request_.backoff_millis = 1;
    request_.progress = ProgressMode::kQuiet;
    Use("a/b:1");
  }

  void Use(const std::string& name) {
    request_.remote = absl::StrCat(registry_.host(), "/", name);
    request_.reference = request_.remote;
    request_.endpoints = {EndpointOf(registry_.host())};
  }
  void AddUsual() { registry_.AddImage("a/b", "1", {base_, top_}, {Gzip(base_), Zstd(top_)}); }

  absl::Status Pull(Limits limits = {}) {
    HttpOptions options;
    options.stall = absl::Seconds(request_.stall_seconds);
    auto http = *HttpClient::Start(options);
    Progress progress(request_.progress, STDERR_FILENO);
    const Ingest ingest = *store_->StartIngest();
    Budget budget(limits);
    auto pulled = PullImage(request_, {*store_, *http, progress}, ingest, budget);
    if (!pulled.ok()) return pulled.status();
    return store_->Publish(ingest, {pulled->image});
  }
  void ExpectFails(absl::string_view message, Limits limits = {}) {
    const auto before = Snapshot();
    const absl::Status status = Pull(limits);
    EXPECT_TRUE(absl::StrContains(status.message(), message)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), request_.remote)) << status;
    EXPECT_EQ(Snapshot(), before);
  }
  // All that counts in the store; what waits in partial/ does not.
  std::set<std::string> Snapshot() const {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      const std::string path = entry.path().string();
      if (!absl::StrContains(path, "/partial/") && !absl::EndsWith(path, "/lock")) {
        names.insert(path);
      }
    }
    return names;
  }
  size_t Partials() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(root_ / "images/partial"), fs::directory_iterator()));
  }
  std::string Content(const std::string& file) {
    const auto image = store_->Find(request_.reference);
    EXPECT_TRUE(image.ok()) << image.status();
    for (const std::string& layer : image.ok() ? image->layers : std::vector<std::string>()) {
      std::ifstream in(layer + "/" + file);
      if (in) return {std::istreambuf_iterator<char>(in), {}};
    }
    return "";
  }

  const fs::path root_;
  std::unique_ptr<Store> store_;
  FakeRegistry registry_;
  TransferRequest request_;
  std::string base_, top_;
};

TEST_F(PullTest, GzipAndZstdAndPlain) {
  registry_.AddImage("a/b", "1", {base_, top_, base_}, {Gzip(base_), Zstd(top_), base_});
  const absl::Status pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled;
  EXPECT_EQ(Content("etc/passwd"), "root:x:0:0::/:/bin/sh\n");
  EXPECT_EQ(Content("noise").size(), 300000u);
  EXPECT_EQ(Partials(), 0u);
  for (const std::string& blob : {Gzip(base_), Zstd(top_), base_}) {
    EXPECT_EQ(*sys::ReadFile(store_->BlobPath(Sha256Of(blob)), 1 << 20), blob);
  }
}

TEST_F(PullTest, WhatIsThereIsNotFetchedAgain) {
  AddUsual();
  ASSERT_TRUE(Pull().ok());
  const size_t blobs = registry_.Count("GET", "/blobs/");
  ASSERT_TRUE(Pull().ok());
  EXPECT_EQ(registry_.Count("GET", "/blobs/"), blobs);
  // Another image with one layer in common.
  registry_.AddImage("a/c", "1", {base_}, {Gzip(base_)});
  Use("a/c:1");
  ASSERT_TRUE(Pull().ok());
  EXPECT_EQ(registry_.Count("GET", "/blobs/"), blobs + 1);  // its config
}

TEST_F(PullTest, RemovedWithTheirBlobs) {
  AddUsual();
  const std::set<std::string> before = Snapshot();
  ASSERT_TRUE(Pull().ok());
  ASSERT_TRUE(store_->Remove(request_.reference).ok());
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(PullTest, IndexesNestAndPlatformsAreChosen) {
  const std::string mine = registry_.AddImage("a/b", "", {base_}, {base_});
  const auto entry = [](const std::string& digest, const std::string& type,
                        const std::string& platform) {
    return absl::StrCat(R"({"mediaType":")", type, R"(","digest":")", digest, R"(","size":2)",
                        platform.empty() ? "" : ",\"platform\":", platform, "}");
  };
  const std::string arch = HostPlatform().architecture;
  const std::string inner = registry_.AddManifest(
      "a/b", "",
      absl::StrCat(
          R"({"schemaVersion":2,"mediaType":")", kOciIndex, R"(","manifests":[)",
          entry(Sha256Of("x").ToString(), kOciManifest, R"({"os":"linux","architecture":"s390x"})"),
          ",",
          entry(mine, kOciManifest,
                absl::StrCat(R"({"os":"linux","architecture":")", arch, R"("})")),
          "]}"),
      kOciIndex);
  registry_.AddManifest(
      "a/b", "1",
      absl::StrCat(R"({"schemaVersion":2,"manifests":[)", entry(inner, kOciIndex, ""), "]}"),
      kOciIndex);
  const absl::Status pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled;
  EXPECT_EQ(store_->Find(request_.reference)->digest, mine);
  request_.platform = "linux/riscv64";
  ExpectFails(
      absl::StrCat("there is no image for linux/riscv64, only for linux/s390x, linux/", arch));
}

TEST_F(PullTest, AForeignImageSaysSo) {
  AddUsual();
  request_.platform = "linux/s390x";
  ExpectFails("there is no image for linux/s390x, only for linux/amd64");
}

TEST_F(PullTest, ArtifactsAreNoImages) {
  registry_.AddManifest(
      "a/b", "1",
      absl::StrCat(R"({"schemaVersion":2,"mediaType":")", kOciManifest,
                   R"(","artifactType":"application/vnd.example+type","config":)"
                   R"({"mediaType":"application/vnd.oci.empty.v1+json","digest":")",
                   Sha256Of("{}").ToString(), R"(","size":2},"layers":[]})"),
      kOciManifest);
  ExpectFails(
      "it is an artifact, not an image: its config is of type "
      "'application/vnd.oci.empty.v1+json'");
  registry_.AddManifest("a/b", "1", R"({"schemaVersion":1})",
                        "application/vnd.docker.distribution.manifest.v1+prettyjws");
  ExpectFails("Docker's old schema 1");
  registry_.AddManifest("a/b", "1", "<html>", "text/html");
  ExpectFails("no JSON object");
}

TEST_F(PullTest, UnknownNames) {
  ExpectFails("404 Not Found: MANIFEST_UNKNOWN manifest unknown");
  AddUsual();
  Use("a/b@" + Sha256Of("x").ToString());
  ExpectFails("404 Not Found");
}

TEST_F(PullTest, LiesAboutDigests) {
  AddUsual();
  registry_.LieAboutDigest("a/b", "1", Sha256Of("x").ToString());
  ExpectFails("has the digest sha256:");
  AddUsual();
  registry_.Misbehave({.path = "/blobs/" + Sha256Of(Gzip(base_)).ToString(),
                       .kind = Fault::kFlip,
                       .value = 40,
                       .times = 9});
  ExpectFails(
      absl::StrCat("layer ", Sha256Of(Gzip(base_)).ToString(), ": what the registry sends"));
  registry_.Misbehave({.path = "/blobs/" + Sha256Of(Zstd(top_)).ToString(),
                       .kind = Fault::kFlip,
                       .value = 200000,
                       .times = 9});
}

TEST_F(PullTest, LiesAboutDiffIds) {
  registry_.AddImage("a/b", "1", {base_}, {Gzip(top_)});
  ExpectFails("it unpacks to ");
}

TEST_F(PullTest, LiesAboutSizes) {
  AddUsual();
  const LayoutForTests layout({base_}, {base_}, "");
  std::string manifest = layout.manifest;
  const std::string size = absl::StrCat("\"size\":", base_.size());
  const size_t at = manifest.find(size);
  registry_.AddBlob(base_);
  registry_.AddBlob(layout.config);
  const auto say = [&](const std::string& other) {
    std::string text = manifest;
    text.replace(at, size.size(), "\"size\":" + other);
    registry_.AddManifest("a/b", "1", text, kOciManifest);
  };
  say(absl::StrCat(base_.size() - 1));
  ExpectFails("but there are more");
  say(absl::StrCat(base_.size() + 1));
  ExpectFails(absl::StrCat("the manifest says ", base_.size() + 1));
  say("99999999999999999");
  ExpectFails("--max-bytes");
  say("-1");
  ExpectFails("a number of bytes");
  EXPECT_EQ(Partials(), 0u);
}

TEST_F(PullTest, BombsEndAtTheLimit) {
  AddUsual();
  ExpectFails("(--max-bytes)", {.max_bytes = 200000, .max_entries = 10});
  ExpectFails("(--max-entries)", {.max_bytes = 1 << 30, .max_entries = 1});
}

TEST_F(PullTest, CutConnectionsGoOnWhereTheyStopped) {
  AddUsual();
  request_.attempts = 4;
  const std::string path = "/blobs/" + Sha256Of(Zstd(top_)).ToString();
  registry_.Misbehave({.path = path, .kind = Fault::kCut, .value = 100000});
  registry_.Misbehave({.path = path, .kind = Fault::kStall, .value = 50000});
  registry_.Misbehave({.path = path, .value = 503});
  registry_.Misbehave({.path = path, .value = 429, .retry_after = "0"});
  registry_.Misbehave({.path = path, .kind = Fault::kNoRange});
  const absl::Status pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled;
  std::vector<std::string> ranges;
  for (const SeenRequest& request : registry_.requests()) {
    if (!absl::StrContains(request.path, path)) continue;
    const auto range = request.headers.find("range");
    ranges.push_back(range == request.headers.end() ? "" : range->second);
  }
  ASSERT_EQ(ranges.size(), 5u);
  EXPECT_EQ(ranges[0], "");
  EXPECT_EQ(ranges[1], "bytes=100000-");
  EXPECT_EQ(ranges[2], "bytes=150000-");
  EXPECT_EQ(Content("noise").size(), 300000u);
}

TEST_F(PullTest, WhatAKilledPullLeftIsUsed) {
  AddUsual();
  const std::string blob = Zstd(top_);
  std::ofstream(store_->PartialPath(Sha256Of(blob))) << blob.substr(0, 123456);
  ASSERT_TRUE(Pull().ok());
  bool resumed = false;
  for (const SeenRequest& request : registry_.requests()) {
    const auto range = request.headers.find("range");
    resumed = resumed || (range != request.headers.end() && range->second == "bytes=123456-");
  }
  EXPECT_TRUE(resumed);
  EXPECT_EQ(Partials(), 0u);
  EXPECT_EQ(Content("noise").size(), 300000u);
}

TEST_F(PullTest, AndIfItIsBadItIsFetchedAnew) {
  AddUsual();
  const std::string blob = Zstd(top_);
  std::ofstream(store_->PartialPath(Sha256Of(blob))) << std::string(1000, 'x');
  std::ofstream(store_->PartialPath(Sha256Of(Gzip(base_)))) << Gzip(base_) << "and more";
  const absl::Status pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled;
  EXPECT_EQ(Content("noise").size(), 300000u);
}

TEST_F(PullTest, ADamagedBlobOfTheStoreIsReplaced) {
  AddUsual();
  std::ofstream(store_->BlobPath(Sha256Of(Gzip(base_)))) << "damaged";
  const absl::Status pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled;
  EXPECT_EQ(*sys::ReadFile(store_->BlobPath(Sha256Of(Gzip(base_))), 1 << 20), Gzip(base_));
}

TEST_F(PullTest, TwoAtATimeDoNotMeet) {
  AddUsual();
  const std::string partial = store_->PartialPath(Sha256Of(Zstd(top_)));
  const Fd other = *sys::LockFile(partial, sys::LockMode::kTry);
  ASSERT_TRUE(sys::WriteAll(other, "of another process", partial).ok());
  ASSERT_TRUE(Pull().ok());
  EXPECT_EQ(*sys::ReadFile(partial, 100), "of another process");
}

TEST_F(PullTest, ARegistryThatIsDown) {
  AddUsual();
  registry_.Misbehave({.path = "/manifests/", .value = 500, .times = 100});
  ExpectFails("500 Internal Server Error (tried 3 times)");
}

TEST_F(PullTest, ALayerThatIsGone) {
  AddUsual();
  registry_.Misbehave(
      {.path = "/blobs/" + Sha256Of(Zstd(top_)).ToString(), .value = 404, .times = 9});
  ExpectFails(absl::StrCat("layer ", Sha256Of(Zstd(top_)).ToString(), ": GET http://"));
}

TEST_F(PullTest, MirrorsComeFirst) {
  AddUsual();
  FakeRegistry mirror;
  request_.endpoints.insert(request_.endpoints.begin(), EndpointOf(mirror.host()));
  // It has nothing.
  ASSERT_TRUE(Pull().ok());
  EXPECT_EQ(mirror.Count("GET", "/manifests/"), 1u);
  EXPECT_EQ(mirror.Count("GET", "/blobs/"), 0u);
  // It has all.
  ASSERT_TRUE(store_->Remove(request_.reference).ok());
  mirror.AddImage("a/b", "1", {base_, top_}, {Gzip(base_), Zstd(top_)});
  const size_t before = registry_.requests().size();
  ASSERT_TRUE(Pull().ok());
  EXPECT_EQ(registry_.requests().size(), before);
  // Nobody has it: both are named.
  Use("a/c:1");
  request_.endpoints.insert(request_.endpoints.begin(), EndpointOf(mirror.host()));
  ExpectFails("; mirror https://" + mirror.host());
}

TEST_F(PullTest, WithATokenForEachScope) {
  AddUsual();
  registry_.RequireToken("me", "secret");
  ExpectFails("login " + registry_.host());
  request_.endpoints[0].credentials = {.username = "me", .password = "secret"};
  const absl::Status pulled = Pull();
  ASSERT_TRUE(pulled.ok()) << pulled;
  EXPECT_EQ(Content("noise").size(), 300000u);
}

}  // namespace
}  // namespace pelagos::image
