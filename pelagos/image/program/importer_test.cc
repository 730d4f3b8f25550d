#include "pelagos/image/program/importer.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pelagos/image/program/tar_for_tests.h"

namespace pelagos::image {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Error(const absl::Status& status) { return std::string(status.message()); }

TEST(ApplyChangeTest, TakesTheInstructions) {
  ImageConfig config;
  for (const char* change : {"CMD [\"a\", \"b c\"]", "ENTRYPOINT exec /run $X", "env A=b=c",
                             "ENV B=", "WORKDIR /srv", "USER app:app", " STOPSIGNAL\tSIGINT "}) {
    const absl::Status status = ApplyChange(change, config);
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_THAT(config.cmd, ElementsAre("a", "b c"));
  EXPECT_THAT(config.entrypoint, ElementsAre("/bin/sh", "-c", "exec /run $X"));
  EXPECT_THAT(config.env, ElementsAre("A=b=c", "B="));
  EXPECT_EQ(config.workdir, "/srv");
  EXPECT_EQ(config.user, "app:app");
  EXPECT_EQ(config.stop_signal, "SIGINT");
}

TEST(ApplyChangeTest, NamesWhatIsWrong) {
  ImageConfig config;
  EXPECT_THAT(Error(ApplyChange("", config)), HasSubstr("INSTRUCTION VALUE"));
  EXPECT_THAT(Error(ApplyChange("CMD", config)), HasSubstr("INSTRUCTION VALUE"));
  EXPECT_THAT(Error(ApplyChange("RUN ls", config)), HasSubstr("expected CMD, ENTRYPOINT"));
  EXPECT_THAT(Error(ApplyChange("ENV A", config)), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(Error(ApplyChange("WORKDIR srv", config)), HasSubstr("absolute"));
  EXPECT_THAT(Error(ApplyChange("CMD [1]", config)), HasSubstr("JSON list of strings"));
  EXPECT_THAT(Error(ApplyChange("CMD [\"a\"", config)), HasSubstr("JSON list of strings"));
}

TEST(ApplyChangeTest, WhatAContainerIsKeptBy) {
  ImageConfig config;
  for (const char* change :
       {"LABEL a=b c=\"d e\" f=", "LABEL a=again", "expose 80 53/UDP 80/tcp", "VOLUME /b /a",
        "VOLUME [\"/c d\", \"/a\"]",
        "HEALTHCHECK --interval=5s --timeout=1m --start-period=0s --retries=9 CMD test -e /ok"}) {
    const absl::Status applied = ApplyChange(change, config);
    EXPECT_TRUE(applied.ok()) << applied;
  }
  EXPECT_EQ(config.labels,
            (std::map<std::string, std::string>{{"a", "again"}, {"c", "d e"}, {"f", ""}}));
  EXPECT_THAT(config.exposed_ports, ElementsAre("53/udp", "80/tcp"));
  EXPECT_THAT(config.volumes, ElementsAre("/a", "/b", "/c d"));
  HealthCheck health;
  health.command = {"/bin/sh", "-c", "test -e /ok"};
  health.interval_ns = int64_t{5} * 1000000000;
  health.timeout_ns = int64_t{60} * 1000000000;
  health.retries = 9;
  EXPECT_EQ(config.health, health);
  EXPECT_TRUE(ApplyChange("HEALTHCHECK CMD [\"/probe\"]", config).ok());
  EXPECT_THAT(config.health->command, ElementsAre("/probe"));
  EXPECT_TRUE(ApplyChange("HEALTHCHECK NONE", config).ok());
  EXPECT_EQ(config.health, HealthCheck{});
}

TEST(ApplyChangeTest, NamesWhatIsWrongWithThem) {
  ImageConfig config;
  for (const char* label : {"LABEL a", "LABEL =b", "LABEL a=b c", "LABEL a b=c"}) {
    EXPECT_THAT(Error(ApplyChange(label, config)), HasSubstr("KEY=VALUE")) << label;
  }
  EXPECT_THAT(Error(ApplyChange("LABEL a=\"b", config)), HasSubstr("not closed"));
  EXPECT_THAT(Error(ApplyChange("LABEL a=\"b\"c=d", config)), HasSubstr("after the closing quote"));
  EXPECT_THAT(Error(ApplyChange("EXPOSE web", config)), HasSubstr("53/udp"));
  EXPECT_THAT(Error(ApplyChange("VOLUME data", config)), HasSubstr("absolute"));
  EXPECT_THAT(Error(ApplyChange("VOLUME [1]", config)), HasSubstr("JSON list"));
  for (const char* check :
       {"HEALTHCHECK x", "HEALTHCHECK CMD", "HEALTHCHECK CMDx", "HEALTHCHECK --retries=2"}) {
    EXPECT_THAT(Error(ApplyChange(check, config)), HasSubstr("HEALTHCHECK NONE")) << check;
  }
  EXPECT_THAT(Error(ApplyChange("HEALTHCHECK --interval=5 CMD x", config)),
              HasSubstr("--interval=5: "));
  EXPECT_THAT(Error(ApplyChange("HEALTHCHECK --often CMD x", config)),
              HasSubstr("--retries=NUMBER"));
  EXPECT_THAT(Error(ApplyChange("HEALTHCHECK CMD []", config)), HasSubstr("after CMD"));
}

class ImporterTest : public ::testing::Test {
 protected:
  ImporterTest()
      : root_(fs::path(std::getenv("TEST_TMPDIR")) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name()),
        source_(root_ / "source") {
    fs::remove_all(root_);
    fs::create_directories(source_);
  }

  // Where the layer's content lies.
  absl::StatusOr<fs::path> ImportSource() {
    PELAGOS_ASSIGN_OR_RETURN(Store store, Store::Open(root_.string()));
    PELAGOS_ASSIGN_OR_RETURN(const Ingest ingest, store.StartIngest());
    const Fd folder(::open(source_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    Budget budget({});
    PELAGOS_ASSIGN_OR_RETURN(NewImage image,
                             ImportFolder(folder, ingest, budget, {}, *ParseReference("x")));
    PELAGOS_RETURN_IF_ERROR(store.Publish(ingest, {image}));
    PELAGOS_ASSIGN_OR_RETURN(const ResolvedImage found, store.Find("x"));
    return fs::path(found.layers[0]);
  }

  fs::path root_, source_;
};

TEST_F(ImporterTest, AFolderComesOutAsItWentIn) {
  fs::create_directories(source_ / "a/b");
  std::ofstream(source_ / "a/file") << "content";
  std::ofstream(source_ / "a/empty");
  fs::permissions(source_ / "a/file", fs::perms(04751));
  fs::create_hard_link(source_ / "a/file", source_ / "a/b/hard");
  fs::create_symlink("../../etc", source_ / "a/link");
  std::ofstream(source_ / "na\xc3\xafve a\xcc\x88 \xff") << "bytes";
  ASSERT_EQ(::mkfifo((source_ / "fifo").c_str(), 0600), 0);
  ASSERT_EQ(::setxattr((source_ / "a").c_str(), "user.mine", "v\0w", 3, 0), 0);
  ASSERT_EQ(::setxattr((source_ / "a/b").c_str(), "user.overlay.opaque", "y", 1, 0), 0);
  fs::permissions(source_, fs::perms(0751));

  absl::StatusOr<fs::path> layer = ImportSource();
  ASSERT_TRUE(layer.ok()) << layer.status();
  EXPECT_EQ(fs::status(*layer).permissions(), fs::perms(0751));
  EXPECT_EQ(fs::status(*layer / "a/file").permissions(), fs::perms(04751));
  EXPECT_EQ(fs::file_size(*layer / "a/file"), 7u);
  EXPECT_TRUE(fs::equivalent(*layer / "a/file", *layer / "a/b/hard"));
  EXPECT_EQ(fs::read_symlink(*layer / "a/link"), "../../etc");
  EXPECT_EQ(fs::file_size(*layer / "na\xc3\xafve a\xcc\x88 \xff"), 5u);
  EXPECT_TRUE(fs::is_fifo(*layer / "fifo"));
  char value[10];
  EXPECT_EQ(::getxattr((*layer / "a").c_str(), "user.mine", value, sizeof(value)), 3);
  EXPECT_LT(::getxattr((*layer / "a/b").c_str(), "user.overlay.opaque", value, 1), 0);
}

TEST_F(ImporterTest, SocketsAreLeftOut) {
  const Fd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/";  // sun_path is short, the test's folder is not
  const Fd folder(::open(source_.c_str(), O_PATH | O_CLOEXEC));
  std::snprintf(address.sun_path, sizeof(address.sun_path), "%s%d/s", path.c_str(), folder.get());
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  absl::StatusOr<fs::path> layer = ImportSource();
  ASSERT_TRUE(layer.ok()) << layer.status();
  EXPECT_TRUE(fs::is_empty(*layer));
}

TEST_F(ImporterTest, RefusesAFolderTooDeep) {
  fs::path deep = source_;
  for (int i = 0; i < 300; ++i) deep /= "d";
  fs::create_directories(deep);
  EXPECT_THAT(Error(ImportSource().status()), HasSubstr("folders deep"));
  EXPECT_TRUE(fs::is_empty(root_ / "images/layers"));
  EXPECT_TRUE(fs::is_empty(root_ / "images/ingest"));
}

TEST_F(ImporterTest, ATarIsAnImage) {
  absl::StatusOr<Store> store = Store::Open(root_.string());
  absl::StatusOr<Ingest> ingest = store->StartIngest();
  const std::string tar = Gzip(TarBuilder().File("bin/sh", "shell").Build());
  Budget budget({});
  StringSource input(tar);
  ImageConfig config;
  config.cmd = {"/bin/sh"};
  absl::StatusOr<NewImage> image =
      ImportTar(input, *ingest, budget, config, *ParseReference("mine:1"));
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->manifest_digest, Sha256Of(image->manifest));
  EXPECT_EQ(image->config_digest, Sha256Of(image->config));
  absl::StatusOr<Manifest> manifest = ParseManifest(image->manifest);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->layers[0].media_type, "application/vnd.oci.image.layer.v1.tar+gzip");
  EXPECT_EQ(manifest->layers[0].digest, Sha256Of(tar));
  ASSERT_TRUE(store->Publish(*ingest, {*image}).ok());
  EXPECT_THAT(store->Find("mine:1")->cmd, ElementsAre("/bin/sh"));
}

}  // namespace
}  // namespace pelagos::image
