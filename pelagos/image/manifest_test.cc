#include "pelagos/image/manifest.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kHex(64, '1');

std::string ManifestJson(absl::string_view config_type, absl::string_view layer_type) {
  return absl::StrCat(R"({"schemaVersion":2,"config":{"mediaType":")", config_type,
                      R"(","digest":"sha256:)", kHex, R"(","size":7},"layers":[{"mediaType":")",
                      layer_type, R"(","digest":"sha256:)", kHex, R"(","size":8}]})");
}

std::string Error(const absl::Status& status) { return std::string(status.message()); }

TEST(ManifestTest, ReadsOciAndDocker) {
  for (absl::string_view layer :
       {"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar.gzip"}) {
    absl::StatusOr<Manifest> manifest = ParseManifest(ManifestJson(kConfigType, layer));
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    EXPECT_EQ(manifest->layers[0].size, 8u);
    EXPECT_EQ(manifest->config.digest.hex(), kHex);
  }
}

TEST(ManifestTest, PrintsWhatItReads) {
  absl::StatusOr<Manifest> manifest = ParseManifest(ManifestJson(kConfigType, kLayerType));
  ASSERT_TRUE(manifest.ok());
  absl::StatusOr<Manifest> again = ParseManifest(PrintManifest(*manifest));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *manifest);
}

TEST(ManifestTest, RefusesArtifacts) {
  EXPECT_THAT(Error(ParseManifest(ManifestJson("application/x", kLayerType)).status()),
              HasSubstr("artifact, not an image: its config is of type 'application/x'"));
  EXPECT_THAT(Error(ParseManifest(ManifestJson(kConfigType, "text/plain")).status()),
              HasSubstr("its layer is of type 'text/plain'"));
}

TEST(ManifestTest, NamesTheFieldAtFault) {
  const std::string good = ManifestJson(kConfigType, kLayerType);
  const auto error = [&](absl::string_view from, absl::string_view to) {
    return Error(ParseManifest(absl::StrReplaceAll(good, {{from, to}})).status());
  };
  EXPECT_THAT(error("\"size\":7", "\"size\":-7"), HasSubstr("field 'size' must be"));
  EXPECT_THAT(error("\"size\":7", "\"size\":\"7\""), HasSubstr("field 'size' must be"));
  EXPECT_THAT(error("sha256:1", "md5:1"), HasSubstr("field 'digest'"));
  EXPECT_THAT(error("\"layers\":[", "\"x\":["), HasSubstr("field 'layers' must be a list"));
  EXPECT_THAT(error("\"config\"", "\"x\""), HasSubstr("field 'config' must be"));
  EXPECT_THAT(Error(ParseManifest("{").status()), HasSubstr("not JSON"));
  EXPECT_THAT(Error(ParseManifest("[1]").status()), HasSubstr("not a JSON object"));
  EXPECT_THAT(Error(ParseManifest(std::string(kMaxDocumentSize + 1, ' ')).status()),
              HasSubstr("more than"));
  EXPECT_FALSE(ParseManifest(std::string(1000000, '[')).ok());
}

TEST(ManifestTest, ReadsAConfig) {
  absl::StatusOr<ImageConfig> config = ParseImageConfig(absl::StrCat(
      R"({"os":"linux","architecture":"amd64","config":{"Env":["A=1"],"Cmd":null,)"
      R"("Entrypoint":["/e"],"WorkingDir":"/w","User":"u","StopSignal":"SIGINT","Labels":{}},)"
      R"("rootfs":{"type":"layers","diff_ids":["sha256:)",
      kHex, R"("]}})"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->env, ElementsAre("A=1"));
  EXPECT_THAT(config->entrypoint, ElementsAre("/e"));
  EXPECT_EQ(config->workdir, "/w");
  EXPECT_EQ(config->stop_signal, "SIGINT");
  EXPECT_EQ(config->platform, (Platform{"linux", "amd64"}));
  absl::StatusOr<ImageConfig> again = ParseImageConfig(PrintImageConfig(*config));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *config);
}

std::string ConfigWith(absl::string_view members) {
  return absl::StrCat(R"({"config":{)", members,
                      R"(},"rootfs":{"type":"layers","diff_ids":["sha256:)", kHex, R"("]}})");
}

TEST(ManifestTest, ReadsWhatAContainerIsKeptBy) {
  const auto config = ParseImageConfig(ConfigWith(
      R"("Labels":{"b":"","a":"x=y"},"ExposedPorts":{"80":{},"80/TCP":{},"8000-8010/udp":{}},)"
      R"("Volumes":{"/data":{},"/a b/":null},)"
      R"("Healthcheck":{"Test":["CMD-SHELL","exit 0"],"Interval":2000000,"Timeout":0,"Retries":7})"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->labels, (std::map<std::string, std::string>{{"a", "x=y"}, {"b", ""}}));
  EXPECT_THAT(config->exposed_ports, ElementsAre("80/tcp", "8000-8010/udp"));
  EXPECT_THAT(config->volumes, ElementsAre("/a b/", "/data"));
  HealthCheck health;
  health.command = {"/bin/sh", "-c", "exit 0"};
  health.interval_ns = 2000000;
  health.retries = 7;
  EXPECT_EQ(config->health, health);
  const auto again = ParseImageConfig(PrintImageConfig(*config));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *config);
}

TEST(ManifestTest, ReadsHealthchecks) {
  const auto health = [](absl::string_view test) {
    const auto config = ParseImageConfig(ConfigWith(absl::StrCat("\"Healthcheck\":", test)));
    EXPECT_TRUE(config.ok()) << config.status();
    if (!config.ok()) return std::optional<HealthCheck>();
    const auto again = ParseImageConfig(PrintImageConfig(*config));
    EXPECT_TRUE(again.ok() && *again == *config) << test;
    return config->health;
  };
  EXPECT_EQ(health("null"), std::nullopt);
  EXPECT_EQ(health("{}"), std::nullopt);
  EXPECT_EQ(health(R"({"Test":[],"Interval":1000000})"), std::nullopt);
  EXPECT_EQ(health(R"({"Test":["NONE"]})"), HealthCheck{});
  EXPECT_THAT(health(R"({"Test":["CMD","/probe",""]})")->command, ElementsAre("/probe", ""));
}

TEST(ManifestTest, NamesThePlaceInAConfig) {
  const auto error = [](absl::string_view members) {
    return Error(ParseImageConfig(ConfigWith(members)).status());
  };
  for (absl::string_view labels : {R"("x")", "[]", R"({"a":1})", R"({"a":null})"}) {
    EXPECT_EQ(error(absl::StrCat("\"Labels\":", labels)),
              "field 'Labels' must be an object of strings");
  }
  for (absl::string_view port :
       {"", "/tcp", "0", "65536", "80/icmp", "90-80", "80-", "+80", "80/"}) {
    EXPECT_EQ(error(absl::StrCat(R"("ExposedPorts":{")", port, R"(":{}})")),
              "field 'ExposedPorts' must be an object of ports such as '80/tcp'")
        << port;
  }
  EXPECT_EQ(error(R"("ExposedPorts":["80"])"), "field 'ExposedPorts' must be an object");
  EXPECT_EQ(error(R"("Volumes":{"/a":1})"), "field 'Volumes' must be an object of empty objects");
  for (absl::string_view folder : {"", "/", "data", "/a/../b", "/a\\u0000"}) {
    EXPECT_EQ(error(absl::StrCat(R"("Volumes":{")", folder, R"(":{}})")),
              "field 'Volumes' must be an object of absolute paths")
        << folder;
  }
  const auto health = [&](absl::string_view members) {
    return error(absl::StrCat(R"("Healthcheck":{)", members, "}"));
  };
  for (absl::string_view test : {R"(["CMD"])", R"(["NONE","x"])", R"(["CMD-SHELL"])",
                                 R"(["CMD-SHELL","a","b"])", R"(["ls"])"}) {
    EXPECT_THAT(health(absl::StrCat("\"Test\":", test)),
                HasSubstr("field 'Healthcheck/Test' must be [\"NONE\"]"))
        << test;
  }
  EXPECT_THAT(health(R"("Test":"ls")"), HasSubstr("field 'Test' must be a list of strings"));
  EXPECT_EQ(error(R"("Healthcheck":7)"), "field 'Healthcheck' must be an object");
  for (absl::string_view time : {"-1", "1", "999999", "1.5", "\"1s\"", "9223372036854775808"}) {
    EXPECT_EQ(health(absl::StrCat(R"("Test":["NONE"],"StartPeriod":)", time)),
              "field 'Healthcheck/StartPeriod' must be 0, or nanoseconds, at least a million")
        << time;
  }
  EXPECT_EQ(health(R"("Test":["NONE"],"Retries":-1)"),
            "field 'Healthcheck/Retries' must be a number that is not negative");
}

TEST(ManifestTest, RefusesNulBytes) {
  EXPECT_THAT(Error(ParseImageConfig(R"({"config":{"Env":["A=\u0000"]}})").status()),
              HasSubstr("NUL"));
}

TEST(ManifestTest, AnIndexLeavesOutAttestations) {
  const auto entry = [](absl::string_view os) {
    return absl::StrCat(R"({"mediaType":")", kManifestType, R"(","digest":"sha256:)", kHex,
                        R"(","size":1,"platform":{"os":")", os, R"(","architecture":"x"}})");
  };
  absl::StatusOr<std::vector<Descriptor>> index =
      ParseIndex(absl::StrCat("{\"manifests\":[", entry("linux"), ",", entry("unknown"), "]}"));
  ASSERT_TRUE(index.ok()) << index.status();
  ASSERT_EQ(index->size(), 1u);
  EXPECT_EQ((*index)[0].platform.os, "linux");
}

TEST(ManifestTest, ReadsADockerArchive) {
  absl::StatusOr<std::vector<DockerArchiveImage>> images =
      ParseDockerArchive(R"([{"Config":"c.json","RepoTags":null,"Layers":["a/layer.tar"]}])");
  ASSERT_TRUE(images.ok()) << images.status();
  EXPECT_THAT((*images)[0].layers, ElementsAre("a/layer.tar"));
  EXPECT_FALSE(ParseDockerArchive(R"([{"Config":"c","Layers":[]}])").ok());
  EXPECT_FALSE(ParseDockerArchive(R"({})").ok());
}

Descriptor For(const Platform& platform) {
  Descriptor descriptor;
  descriptor.media_type = std::string(kManifestType);
  descriptor.platform = platform;
  return descriptor;
}

TEST(PlatformTest, TheOneThatFits) {
  const std::vector<Descriptor> choices = {
      For({"linux", "amd64", ""}), For({"linux", "arm", "v6"}), For({"linux", "arm", "v7"}),
      For({"linux", "arm64", "v8"}), For({"windows", "amd64", ""})};
  const auto chosen = [&](absl::string_view text) -> std::string {
    const auto found = ChooseForPlatform(choices, *ParsePlatform(text));
    return found.ok() ? found->platform.ToString() : std::string(found.status().message());
  };
  EXPECT_EQ(chosen("linux/amd64"), "linux/amd64");
  EXPECT_EQ(chosen("linux/x86_64"), "linux/amd64");
  EXPECT_EQ(chosen("linux/arm/v7"), "linux/arm/v7");
  EXPECT_EQ(chosen("linux/arm"), "linux/arm/v6");
  EXPECT_EQ(chosen("linux/arm64"), "linux/arm64/v8");
  EXPECT_EQ(chosen("linux/arm64/v8"), "linux/arm64/v8");
  EXPECT_EQ(chosen("windows/amd64"), "windows/amd64");
  EXPECT_EQ(chosen("linux/arm/v5"),
            "there is no image for linux/arm/v5, only for linux/amd64, linux/arm/v6, linux/arm/v7, "
            "linux/arm64/v8, windows/amd64");
  EXPECT_EQ(chosen("linux/s390x").substr(0, 34), "there is no image for linux/s390x,");
}

TEST(PlatformTest, Texts) {
  for (const char* text :
       {"", "linux", "/amd64", "linux/", "linux/arm//", "a/b/c/d", "linux/a b"}) {
    EXPECT_FALSE(ParsePlatform(text).ok()) << text;
  }
}

}  // namespace
}  // namespace pelagos::image
