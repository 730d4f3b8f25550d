// Pulls from a registry that misbehaves, by the real programs: clear errors, a store as it was, and
// what a killed pull left is used by the next.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "pelagos/base/fd.h"
#include "pelagos/image/program/tar_for_tests.h"
#include "pelagos/image/registry/fake_registry.h"
#include "tests/rooted/image_test/registry_world.h"

namespace pelagos::rooted {
namespace {

using image::FakeRegistry;
using image::Fault;
using image::Gzip;
using image::Sha256Of;
using image::TarBuilder;

class BrokenRegistryTest : public RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    if (IsSkipped()) return;
    fake_ = std::make_unique<FakeRegistry>();
    tar_ = TarBuilder().File("file", std::string(400000, 'x')).Build();
    fake_->AddImage("a/b", "1", {tar_}, {tar_});
    name_ = fake_->host() + "/a/b:1";
    blob_ = "/blobs/" + Sha256Of(tar_).ToString();
  }
  std::string Listing() {
    return rooted::Run({"sh", "-c",
                        absl::StrCat("cd ", data_root(),
                                     "/images; find . ! -path './partial/*' ! -name "
                                     "lock -printf '%p %s\n' | sort")})
        .out;
  }
  void ExpectClearError(const std::string& message) {
    const std::string before = Listing();
    Fails({"image", "pull", name_}, 1, absl::StrCat("pelagos: error: pulling ", name_, ": "));
    Fails({"image", "pull", name_}, 1, message);
    EXPECT_EQ(Listing(), before);
  }

  std::unique_ptr<FakeRegistry> fake_;
  std::string tar_, name_, blob_;
};

TEST_F(BrokenRegistryTest, EachIsAClearError) {
  fake_->Misbehave({.path = "/manifests/", .value = 500, .times = 6});
  ExpectClearError("500 Internal Server Error (tried 3 times)");
  fake_->Misbehave({.path = "/manifests/", .value = 429, .times = 2, .retry_after = "7200"});
  ExpectClearError("429 Too Many Requests; the registry says: try again in 2h");
  fake_->Misbehave({.path = "/manifests/", .value = 401, .times = 2});
  ExpectClearError("401 Unauthorized");
  fake_->Misbehave({.path = "/manifests/", .kind = Fault::kStall, .times = 6});
  ExpectClearError("(tried 3 times)");
  fake_->Misbehave({.path = blob_, .kind = Fault::kCut, .times = 6});
  ExpectClearError("(tried 3 times)");
  fake_->Misbehave({.path = blob_, .kind = Fault::kFlip, .value = 1000, .times = 4});
  ExpectClearError("does not send what it should");
  fake_->LieAboutDigest("a/b", "1", Sha256Of("x").ToString());
  ExpectClearError(absl::StrCat("expected ", Sha256Of("x").ToString()));
}

TEST_F(BrokenRegistryTest, AKilledPullGoesOnWhereItWas) {
  constexpr uint64_t kBefore = 250000;
  fake_->Misbehave({.path = blob_, .kind = Fault::kStall, .value = kBefore});
  Configure("");
  Program pull(Argv({"image", "pull", name_}),
               {.env = {absl::StrCat("PATH=", kPath),
                        absl::StrCat("PELAGOS_CONFIG=", folder_, "/config.toml")},
                .folder = folder_,
                .netns = -1});
  const std::string partial = absl::StrCat(data_root(), "/images/partial/", Sha256Of(tar_).hex());
  ASSERT_TRUE(fake_->Await("GET", blob_, absl::ToChronoSeconds(kPatience)));
  // It looked there for a beginning before it asked.
  const Fd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(::inotify_add_watch(changes.get(), sys::FolderOf(partial).c_str(),
                                IN_CREATE | IN_MODIFY | IN_MOVED_TO),
            0);
  struct stat info = {};
  while (::stat(partial.c_str(), &info) != 0 || info.st_size < int64_t{kBefore}) {
    pollfd ready = {changes.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience))), 1);
    char events[4096];
    ASSERT_GT(::read(changes.get(), events, sizeof(events)), 0);
  }
  ASSERT_EQ(static_cast<uint64_t>(info.st_size), kBefore);
  pull.Signal(SIGKILL);
  pull.Wait();  // and pelagos-image with it, which has its streams
  EXPECT_EQ(sys::ListFolder(data_root() + "/images/refs")->size(), 0u);

  Must({"image", "pull", name_});
  std::string range;
  for (const image::SeenRequest& request : fake_->requests()) {
    const auto found = request.headers.find("range");
    if (found != request.headers.end()) range = found->second;
  }
  EXPECT_EQ(range, absl::StrCat("bytes=", kBefore, "-"));
  EXPECT_TRUE(sys::ListFolder(data_root() + "/images/partial")->empty());
  EXPECT_TRUE(sys::ListFolder(data_root() + "/images/ingest")->empty());
  EXPECT_EQ(InImage(name_, "wc -c < file"), "400000\n");
}

TEST_F(BrokenRegistryTest, PasswordsAreInNoArgument) {
  fake_->RequireToken("me", "hidden-word");
  fake_->Misbehave({.path = blob_, .kind = Fault::kStall, .value = 10});
  Program pull(Argv({"image", "pull", name_}),
               {.env = {absl::StrCat("PATH=", kPath), "PELAGOS_REGISTRY_USER=me",
                        "PELAGOS_REGISTRY_PASS=hidden-word",
                        absl::StrCat("PELAGOS_CONFIG=", folder_, "/config.toml")},
                .folder = folder_,
                .netns = -1});
  ASSERT_TRUE(fake_->Await("GET", blob_, absl::ToChronoSeconds(kPatience)));
  const Outcome ps = rooted::Run({"sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"});
  EXPECT_TRUE(absl::StrContains(ps.out, "pelagos-image pull")) << ps.out;
  EXPECT_FALSE(absl::StrContains(ps.out, "hidden-word"));
  const Outcome outcome = pull.Wait();
  EXPECT_EQ(outcome.code, 0) << outcome.Describe();  // it went on after the stall
}

}  // namespace
}  // namespace pelagos::rooted
