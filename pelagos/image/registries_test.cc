#include "pelagos/image/registries.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace pelagos::image {
namespace {

TEST(RegistriesTest, AllOfIt) {
  const auto config = ParseRegistriesConfig(R"(
[network]
default_subnet = "172.19.0.0/24"

[images]
default_registry = "registry.example.com"

[mirrors]
"docker.io" = ["https://mirror.example.com/", "http://10.0.0.2:5000/hub"]

[registries."registry.example.com:5000"]
insecure = true
ca = "/etc/own.pem"

[transfers]
parallel = 3
stall_seconds = 5
)",
                                            "c.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->default_registry, "registry.example.com");
  EXPECT_EQ(config->parallel, 3u);
  EXPECT_EQ(config->stall_seconds, 5u);

  const std::vector<Endpoint> hub = EndpointsFor(*config, "docker.io", false);
  ASSERT_EQ(hub.size(), 3u);
  EXPECT_EQ(hub[0].url, "https://mirror.example.com");
  EXPECT_EQ(hub[0].prefix, "");
  EXPECT_FALSE(hub[0].plain_http);
  EXPECT_EQ(hub[1].url, "http://10.0.0.2:5000");
  EXPECT_EQ(hub[1].registry, "10.0.0.2:5000");
  EXPECT_EQ(hub[1].prefix, "hub/");
  EXPECT_TRUE(hub[1].plain_http);
  EXPECT_EQ(hub[2].url, "https://registry-1.docker.io");
  EXPECT_FALSE(hub[2].plain_http || hub[2].any_certificate);

  const std::vector<Endpoint> own = EndpointsFor(*config, "registry.example.com:5000", false);
  ASSERT_EQ(own.size(), 1u);
  EXPECT_TRUE(own[0].any_certificate && own[0].plain_http);
  EXPECT_EQ(own[0].ca_file, "/etc/own.pem");
  EXPECT_TRUE(EndpointsFor(*config, "other.example.com", true)[0].any_certificate);
  EXPECT_FALSE(EndpointsFor(*config, "other.example.com", false)[0].any_certificate);
}

TEST(RegistriesTest, AnEmptyFileIsAllDefaults) {
  EXPECT_EQ(*ParseRegistriesConfig("", "c"), RegistriesConfig());
}

void ExpectWrong(absl::string_view toml, absl::string_view message) {
  const auto config = ParseRegistriesConfig(toml, "c.toml");
  EXPECT_TRUE(absl::StrContains(config.status().message(), message)) << config.status();
}

TEST(RegistriesTest, MistakesHaveAPlace) {
  ExpectWrong("[images]\ndefault_registry = 3\n",
              "c.toml:2:20: 'default_registry' must be a string");
  ExpectWrong("[images]\ndefault_registry = \"a b\"\n", "must be the host[:port] of a registry");
  ExpectWrong("[images]\ndefault = \"x\"\n", "c.toml:2:1: unknown key 'default' in [images]");
  ExpectWrong("mirrors = 1\n", "'mirrors' must be a table");
  ExpectWrong("[mirrors]\n\"docker.io\" = \"https://x\"\n", "must be a list of URLs");
  ExpectWrong("[mirrors]\n\"docker.io\" = [\"mirror\"]\n", "c.toml:2:16: 'docker.io' must be");
  ExpectWrong("[registries.\"x.y\"]\nca = \"own.pem\"\n", "'ca' must be an absolute path");
  ExpectWrong("[registries.\"x.y\"]\ninsecure = \"yes\"\n", "must be true or false");
  ExpectWrong("[transfers]\nparallel = 0\n", "a number from 1 to 64");
  ExpectWrong("[images\n", "c.toml:1:");
}

TEST(RegistriesTest, BareNamesAreOfTheDefaultRegistry) {
  ::setenv("PELAGOS_DEFAULT_REGISTRY", "own.example.com:5000", 1);
  EXPECT_EQ(ResolveReference("redis")->ToString(), "own.example.com:5000/redis:latest");
  EXPECT_EQ(ResolveReference("a/b")->ToString(), "docker.io/a/b:latest");
  EXPECT_EQ(ResolveReference("docker.io/redis")->ToString(), "docker.io/library/redis:latest");
  ::setenv("PELAGOS_DEFAULT_REGISTRY", "not one", 1);
  EXPECT_FALSE(ResolveReference("redis").ok());
  ::unsetenv("PELAGOS_DEFAULT_REGISTRY");
  ::setenv("PELAGOS_CONFIG", "/nonexistent/config.toml", 1);
  EXPECT_EQ(ResolveReference("redis")->ToString(), "docker.io/library/redis:latest");
}

}  // namespace
}  // namespace pelagos::image
