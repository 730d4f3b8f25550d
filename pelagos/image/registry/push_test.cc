#include "pelagos/image/registry/push.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/image/registry/fake_registry.h"
#include "pelagos/image/registry/pull.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;

class PushTest : public ::testing::Test {
 protected:
  PushTest() : root_(fs::path(std::getenv("TEST_TMPDIR")) / "push") {
    fs::remove_all(root_);
    store_ = std::make_unique<Store>(*Store::Open(root_.string()));
    base_ = TarBuilder().File("a", std::string(5000, 'a')).Build();
    top_ = TarBuilder().File("b", "b").Build();
    digest_ = from_.AddImage("from/b", "1", {base_, top_}, {base_, Gzip(top_)});
    request_.attempts = 4;
    request_.stall_seconds = 1;
    request_.backoff_millis = 1;
    request_.progress = ProgressMode::kQuiet;
    request_.reference = request_.remote = absl::StrCat(from_.host(), "/from/b:1");
    request_.endpoints = {EndpointOf(from_.host())};
    auto http = *HttpClient::Start({});
    Progress progress(ProgressMode::kQuiet, STDERR_FILENO);
    const Ingest ingest = *store_->StartIngest();
    Budget budget(Limits{});
    auto pulled = PullImage(request_, {*store_, *http, progress}, ingest, budget);
    EXPECT_TRUE(pulled.ok()) << pulled.status();
    EXPECT_TRUE(store_->Publish(ingest, {pulled->image}).ok());
    Use(to_, "x/y:2");
  }

  void Use(FakeRegistry& registry, const std::string& name) {
    request_.remote = absl::StrCat(registry.host(), "/", name);
    request_.endpoints = {EndpointOf(registry.host())};
  }
  absl::Status Push(uint64_t chunk = uint64_t{32} << 20) {
    HttpOptions options;
    options.stall = absl::Seconds(1);
    auto http = *HttpClient::Start(options);
    Progress progress(ProgressMode::kQuiet, STDERR_FILENO);
    return PushImage(request_, {*store_, *http, progress}, {.chunk = chunk}).status();
  }
  void ExpectSameBytes() {
    EXPECT_EQ(to_.Manifest("x/y", "2"), from_.Manifest("from/b", "1"));
    EXPECT_EQ(to_.Blob(Sha256Of(base_).ToString()), base_);
    EXPECT_EQ(to_.Blob(Sha256Of(Gzip(top_)).ToString()), Gzip(top_));
  }

  const fs::path root_;
  std::unique_ptr<Store> store_;
  FakeRegistry from_, to_;
  TransferRequest request_;
  std::string base_, top_, digest_;
};

TEST_F(PushTest, ByteForByte) {
  const absl::Status pushed = Push();
  ASSERT_TRUE(pushed.ok()) << pushed;
  ExpectSameBytes();
  EXPECT_EQ(to_.Count("PUT", "/blobs/uploads/"), 3u);
  // What is there is not sent again.
  ASSERT_TRUE(Push().ok());
  EXPECT_EQ(to_.Count("PUT", "/blobs/uploads/"), 3u);
}

TEST_F(PushTest, LongBlobsGoInChunks) {
  const absl::Status pushed = Push(1000);
  ASSERT_TRUE(pushed.ok()) << pushed;
  ExpectSameBytes();
  EXPECT_EQ(to_.Count("PATCH", "/blobs/uploads/"), (base_.size() + 999) / 1000);
}

TEST_F(PushTest, ABrokenChunkIsNotAllLost) {
  to_.Misbehave({.method = "PATCH", .value = 503});
  absl::Status pushed = Push(2000);
  ASSERT_TRUE(pushed.ok()) << pushed;
  ExpectSameBytes();
}

TEST_F(PushTest, BusyRegistries) {
  to_.Misbehave({.method = "POST", .value = 429, .retry_after = "0"});
  to_.Misbehave({.method = "PUT", .path = "uploads", .value = 500});
  to_.Misbehave({.method = "PUT", .path = "manifests", .value = 503});
  to_.Misbehave({.method = "HEAD", .value = 502});
  const absl::Status pushed = Push();
  ASSERT_TRUE(pushed.ok()) << pushed;
  ExpectSameBytes();
}

TEST_F(PushTest, MountsWhatTheRegistryHasElsewhere) {
  Use(from_, "other/name:3");
  from_.Misbehave({.method = "HEAD", .value = 404, .times = 3});  // blobs are per repository
  const absl::Status pushed = Push();
  ASSERT_TRUE(pushed.ok()) << pushed;
  EXPECT_EQ(from_.Count("POST", absl::StrCat("mount=", Sha256Of(base_).ToString(), "&from=from/b")),
            1u);
  EXPECT_EQ(from_.Count("PUT", "/blobs/uploads/"), 1u);  // the config alone
  EXPECT_EQ(from_.Manifest("other/name", "3"), from_.Manifest("from/b", "1"));
}

TEST_F(PushTest, WithAToken) {
  to_.RequireToken("me", "secret");
  EXPECT_TRUE(absl::IsUnauthenticated(Push()));
  request_.endpoints[0].credentials = {.username = "me", .password = "secret"};
  const absl::Status pushed = Push();
  ASSERT_TRUE(pushed.ok()) << pushed;
  ExpectSameBytes();
}

TEST_F(PushTest, Refusals) {
  to_.Misbehave(
      {.method = "POST", .value = 403, .times = 9, .body = R"({"errors":[{"code":"DENIED"}]})"});
  absl::Status status = Push();
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "403 Forbidden: DENIED")) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), request_.remote)) << status;
}

TEST_F(PushTest, ABlobThatIsNowhere) {
  fs::remove(store_->BlobPath(Sha256Of(base_)));
  const absl::Status status = Push();
  EXPECT_TRUE(absl::StrContains(status.message(), "pull or load the image again")) << status;
}

TEST_F(PushTest, UnknownImages) {
  request_.reference = "docker.io/library/absent:latest";
  EXPECT_TRUE(absl::IsNotFound(Push()));
}

}  // namespace
}  // namespace pelagos::image
