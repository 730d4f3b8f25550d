// Real software from Debian's packages: nginx, a Python application and redis (testdata/software).

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/images/debian.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

constexpr int kPort = 18081;

class SoftwareTest : public RootedTest {};

void Import(World& world, const std::string& reference, const images::DebianImage& image) {
  const auto tar = images::MakeDebianTar(image, MachineNetworkNamespace());
  ASSERT_TRUE(tar.ok()) << tar.status();
  const Outcome import = world.Pelagos({"image", "import", *tar, reference});
  ASSERT_EQ(import.code, 0) << import.Describe();
}

void ExpectVisit(World& world, int number) {
  const HttpReply page = world.Get(kPort, "/some/page");
  EXPECT_EQ(page.status, 200) << page.body;
  EXPECT_TRUE(absl::StrContains(page.headers, "Server: nginx/")) << page.headers;
  for (const std::string& part :
       {absl::StrCat("visit ", number, " of /some/page, counted by redis "),
        std::string("told by Python 3."), std::string(" as user 1000\n")}) {
    EXPECT_TRUE(absl::StrContains(page.body, part)) << page.body;
  }
}

void ExpectUp(World& world) {
  const Outcome up = world.Pelagos({"compose", "up", "-f", "software.reml"});
  ASSERT_EQ(up.code, 0) << up.Describe();
  for (const char* part :
       {"redis answers\n", "redis: ready in ", "app: ready in ", "nginx: ready in "}) {
    EXPECT_TRUE(absl::StrContains(up.out, part)) << up.Describe();
  }
}

TEST_F(SoftwareTest, NginxPythonAndRedisKeepTheirCount) {
  World world;
  ASSERT_NO_FATAL_FAILURE(Import(world, "redis-test", {"redis", {"redis-server"}, {}}));
  ASSERT_NO_FATAL_FAILURE(Import(world, "python-test", {"python", {"python3"}, {{"app", 1000}}}));
  ASSERT_NO_FATAL_FAILURE(Import(world, "nginx-test", {"nginx", {"nginx"}, {{"www-data", 33}}}));
  world.CopyTree("tests/rooted/testdata/software.reml", "software.reml");
  world.CopyTree("tests/rooted/testdata/software", "software");
  world.SetEnv("SOFTWARE_PORT", absl::StrCat(kPort));

  ASSERT_NO_FATAL_FAILURE(ExpectUp(world));
  ExpectVisit(world, 1);
  ExpectVisit(world, 2);
  const Outcome logs = world.Pelagos({"compose", "logs", "-f", "software.reml"});
  EXPECT_TRUE(absl::StrContains(logs.out, "app   | counting on port 8000\n")) << logs.Describe();
  EXPECT_TRUE(absl::StrContains(logs.out, "\"GET /some/page HTTP/1.0\" 200")) << logs.Describe();
  Outcome down = world.Pelagos({"compose", "down", "-p", "software"});
  EXPECT_EQ(down.code, 0) << down.Describe();
  world.ExpectNoResidue("down");
  EXPECT_EQ(world.Volumes(), std::vector<std::string>{"software-counter"});

  ASSERT_NO_FATAL_FAILURE(ExpectUp(world));
  ExpectVisit(world, 3);
  down = world.Pelagos({"compose", "down", "-p", "software", "-v"});
  EXPECT_EQ(down.code, 0) << down.Describe();
  world.ExpectNoResidue("down -v");
  EXPECT_EQ(world.Volumes(), std::vector<std::string>());

  ASSERT_NO_FATAL_FAILURE(ExpectUp(world));
  ExpectVisit(world, 1);
  down = world.Pelagos({"compose", "down", "-p", "software", "-v"});
  EXPECT_EQ(down.code, 0) << down.Describe();
  world.ExpectNoResidue("down -v");
}

}  // namespace
}  // namespace pelagos::rooted
