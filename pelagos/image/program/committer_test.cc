#include "pelagos/image/program/committer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "nlohmann/json.hpp"
#include "pelagos/image/program/importer.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

CommitRequest Request() {
  CommitRequest request;
  request.reference = "docker.io/library/mine:latest";
  request.base = "sha256:" + std::string(64, 'a');
  request.upper = "/upper";
  request.created = "2026-01-02T03:04:05Z";
  request.command = "sh -c x";
  return request;
}

const Digest& SomeDigest() {
  static const Digest digest = *ParseDigest("sha256:" + std::string(64, 'b'));
  return digest;
}

Json Configured(const CommitRequest& request, const std::string& base) {
  const auto text = CommittedConfig(request, base, SomeDigest());
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? Json::parse(*text) : Json();
}

constexpr char kBase[] =
    R"({"architecture":"amd64","os":"linux","container":"x","created":"2020-01-01T00:00:00Z",)"
    R"("config":{"Env":["PATH=/bin","A=1"],"Cmd":["sh"],"Labels":null,"Unknown":{"k":1}},)"
    R"("rootfs":{"type":"layers","diff_ids":["sha256:1"]},"history":[{"created_by":"base"}]})";

TEST(CommitRequestTest, GoesRound) {
  CommitRequest request = Request();
  request.author = "me";
  request.message = "line\n\"quoted\"";
  request.ids = {{{0, 100000, 65536}}, {{0, 200000, 10}, {10, 5, 1}}};
  request.env = {"A=b=c"};
  request.entrypoint.emplace();
  request.cmd = {"a", "b c"};
  request.workdir = "/w";
  request.user = "u";
  request.stop_signal = "SIGINT";
  request.labels = {{"k", "v"}};
  request.changes = {"CMD x"};
  const auto back = ParseCommitRequest(PrintCommitRequest(request));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, request);
  EXPECT_EQ(*ParseCommitRequest(PrintCommitRequest(Request())), Request());
  for (const char* wrong : {"", "[]", "{}", R"({"reference":1})"}) {
    EXPECT_FALSE(ParseCommitRequest(wrong).ok()) << wrong;
  }
}

TEST(CommittedConfigTest, AddsALayerAndKeepsTheRest) {
  CommitRequest request = Request();
  request.author = "me";
  request.message = "why";
  const Json json = Configured(request, kBase);
  EXPECT_EQ(json["rootfs"]["diff_ids"], Json({"sha256:1", SomeDigest().ToString()}));
  EXPECT_EQ(json["created"], "2026-01-02T03:04:05Z");
  EXPECT_EQ(json["author"], "me");
  EXPECT_EQ(json["config"]["Unknown"]["k"], 1);
  EXPECT_EQ(json["config"]["Cmd"], Json({"sh"}));
  EXPECT_FALSE(json.contains("container"));
  ASSERT_EQ(json["history"].size(), 2u);
  EXPECT_EQ(json["history"][1]["comment"], "why");
  EXPECT_EQ(json["history"][1]["created_by"], "sh -c x");
}

TEST(CommittedConfigTest, HistoryHasAnEntryForEachLayer) {
  const Json json = Configured(Request(), R"({"rootfs":{"diff_ids":["sha256:1","sha256:2"]}})");
  EXPECT_EQ(json["history"].size(), 3u);
}

TEST(CommittedConfigTest, TakesWhatTheContainerWasRunWithAndThenTheChanges) {
  CommitRequest request = Request();
  request.env = {"A=2", "B=3"};
  request.cmd = {"top", "-b"};
  request.user = "app";
  request.labels = {{"run", "1"}};
  request.changes = {"ENV B=4",      "LABEL \"a b\"=\"c d\"", "EXPOSE 80 53/udp", "VOLUME /data",
                     "WORKDIR /srv", "CMD [\"x\"]",           "STOPSIGNAL 10",    "USER root"};
  const Json config = Configured(request, kBase)["config"];
  EXPECT_EQ(config["Env"], Json({"PATH=/bin", "A=2", "B=4"}));
  EXPECT_EQ(config["Cmd"], Json({"x"}));
  EXPECT_EQ(config["User"], "root");
  EXPECT_EQ(config["WorkingDir"], "/srv");
  EXPECT_EQ(config["StopSignal"], "10");
  EXPECT_EQ(config["Labels"], Json({{"run", "1"}, {"a b", "c d"}}));
  EXPECT_TRUE(config["ExposedPorts"].contains("80/tcp"));
  EXPECT_TRUE(config["ExposedPorts"].contains("53/udp"));
  EXPECT_TRUE(config["Volumes"].contains("/data"));
  request.changes = {"ENTRYPOINT [\"e\"]"};
  const Json entry = Configured(request, kBase)["config"];
  EXPECT_EQ(entry["Entrypoint"], Json({"e"}));
  EXPECT_FALSE(entry.contains("Cmd"));
}

TEST(CommittedConfigTest, SaysWhatIsWrong) {
  CommitRequest request = Request();
  for (const char* change : {"RUN x", "LABEL x", "EXPOSE", "VOLUME data", "ENV", ""}) {
    request.changes = {change};
    EXPECT_TRUE(absl::IsInvalidArgument(CommittedConfig(request, kBase, SomeDigest()).status()))
        << change;
  }
  EXPECT_TRUE(absl::IsDataLoss(CommittedConfig(Request(), "[]", SomeDigest()).status()));
  EXPECT_TRUE(absl::IsDataLoss(CommittedConfig(Request(), "{}", SomeDigest()).status()));
}

class CommitUpperTest : public ::testing::Test {
 protected:
  CommitUpperTest()
      : root_(fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "base");
    fs::create_directories(root_ / "upper/dir");
    std::ofstream(root_ / "base/file") << "base";
  }
  fs::path root_;
};

TEST_F(CommitUpperTest, MakesALayerOfWhatIsThere) {
  Store store = *Store::Open(root_.string());
  Budget budget{Limits()};
  {
    const auto ingest = store.StartIngest();
    const Fd folder = *sys::OpenFile((root_ / "base").string(), O_RDONLY | O_DIRECTORY);
    const auto image = ImportFolder(folder, *ingest, budget, {}, *ParseReference("base"));
    ASSERT_TRUE(image.ok()) << image.status();
    ASSERT_TRUE(store.Publish(*ingest, {*image}).ok());
  }
  const StoredImage base = *store.Describe("base");
  std::ofstream(root_ / "upper/dir/new") << "new";
  CommitRequest request = Request();
  request.base = base.manifest_digest.ToString();
  const Fd upper = *sys::OpenFile((root_ / "upper").string(), O_RDONLY | O_DIRECTORY);
  const auto ingest = store.StartIngest();
  auto committed = CommitUpper(request, upper, store, *ingest, budget);
  ASSERT_TRUE(committed.ok()) << committed.status();
  ASSERT_TRUE(store.Publish(*ingest, {committed->image}).ok());
  const auto found = store.Find("mine");
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->layers.size(), 2u);
  EXPECT_EQ(*sys::ReadFile(found->layers[0] + "/dir/new", 10), "new");
  EXPECT_EQ(*sys::ReadFile(found->layers[1] + "/file", 10), "base");
  EXPECT_EQ(committed->hold.size(), 1u) << "the base's layer stays until all is published";

  request.base = "sha256:" + std::string(64, 'f');
  const auto again = store.StartIngest();
  EXPECT_TRUE(absl::IsNotFound(CommitUpper(request, upper, store, *again, budget).status()));
}

TEST_F(CommitUpperTest, ANameThatALayerReadsAsANoteIsRefused) {
  std::ofstream(root_ / "upper/dir/.wh.file") << "";
  const Fd upper = *sys::OpenFile((root_ / "upper").string(), O_RDONLY | O_DIRECTORY);
  const Fd out = *sys::OpenFile((root_ / "tar").string(), O_WRONLY | O_CREAT, 0600);
  ArchiveOptions options;
  options.overlay_upper = true;
  EXPECT_TRUE(absl::IsInvalidArgument(WriteFolderArchive(upper, out.get(), options)));
}

}  // namespace
}  // namespace pelagos::image
