#include "pelagos/spec/resolved_json.h"

#include <gtest/gtest.h>

#include <string>

namespace pelagos {
namespace {

ResolvedImage Full() {
  ResolvedImage image;
  image.reference = "docker.io/library/redis:7";
  image.digest = "sha256:1";
  image.layers = {"/b", "/a"};
  image.env = {"A=1", "B="};
  image.entrypoint = {"/entry", ""};
  image.cmd = {"serve"};
  image.workdir = "/data";
  image.user = "redis";
  image.stop_signal = "SIGINT";
  image.labels = {{"", "x"}, {"a.b", "\xc3\xa4"}};
  image.exposed_ports = {"80/tcp"};
  image.volumes = {"/data"};
  image.health = HealthCheck{{"/bin/sh", "-c", "true"}, 1, 2, 3, 4, 5};
  return image;
}

TEST(ResolvedJsonTest, AnImageGoesRound) {
  ResolvedImage silenced;
  silenced.health = HealthCheck{};
  for (const ResolvedImage& image : {Full(), silenced, ResolvedImage{}}) {
    const auto back = ResolvedImageFromJson(ToJson(image));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, image);
  }
}

TEST(ResolvedJsonTest, AUserGoesRound) {
  const ResolvedUser user = {4294967294, 7, {0, 4294967295}, "/home/u"};
  for (const ResolvedUser& one : {user, ResolvedUser{}}) {
    const auto back = ResolvedUserFromJson(ToJson(one));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, one);
  }
}

TEST(ResolvedJsonTest, DamageIsFoundAndPlaced) {
  const auto image = [](const std::string& from, const std::string& to) {
    std::string text = ToJson(Full());
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return std::string(ResolvedImageFromJson(text).status().message());
  };
  EXPECT_EQ(image("\"retries\":5", "\"retries\":4294967296"), "/health/retries is out of range");
  EXPECT_EQ(image("\"timeoutNanosecs\":2", "\"timeoutNanosecs\":-2"),
            "/health/timeoutNanosecs is out of range");
  EXPECT_EQ(image("\"\":\"x\"", "\"\":1"), "/labels/ is no string");
  EXPECT_EQ(image("\"cmd\"", "\"cmt\""), "/cmd is missing");
  EXPECT_EQ(ResolvedUserFromJson(R"({"uid":0,"gid":0,"groups":[4294967296],"home":"/"})")
                .status()
                .message(),
            "/groups holds something that is no number of 32 bits");
  EXPECT_EQ(ResolvedUserFromJson("[").status().message(), "the text is no JSON");
}

}  // namespace
}  // namespace pelagos
