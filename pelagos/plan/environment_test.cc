#include "pelagos/plan/environment.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

using Words = std::vector<std::string>;

TEST(EnvironmentTest, DefaultsThenImageThenSpec) {
  ContainerSpec spec;
  spec.name = "web";
  ResolvedImage image;
  ResolvedUser user;
  user.home = "/home/app";
  EXPECT_EQ(EnvironmentOf(spec, image, user),
            (Words{"HOME=/home/app", "HOSTNAME=web", std::string("PATH=") + kDefaultPath}));
  image.env = {"PATH=/opt/bin", "B=image", "A=image", "=broken", "broken"};
  spec.env = {{"B", "first"}, {"B", "spec=2"}, {"HOME", "/x"}};
  EXPECT_EQ(EnvironmentOf(spec, image, user),
            (Words{"A=image", "B=spec=2", "HOME=/x", "HOSTNAME=web", "PATH=/opt/bin"}));
}

// "A0" sorts behind "A", although '0' comes before '='.
TEST(EnvironmentTest, SortsByKey) {
  ContainerSpec spec;
  spec.env = {{"A0", "1"}, {"A", "2"}};
  const Words list = EnvironmentOf(spec, {}, {});
  EXPECT_EQ(list[0], "A=2");
  EXPECT_EQ(list[1], "A0=1");
}

TEST(EnvironmentTest, CommandReplacesAllOfTheImages) {
  ContainerSpec spec;
  ResolvedImage image;
  EXPECT_EQ(CommandOf(spec, image), Words{});
  image.entrypoint = {"/entry"};
  image.cmd = {"serve", "-v"};
  EXPECT_EQ(CommandOf(spec, image), (Words{"/entry", "serve", "-v"}));
  spec.command = {"sh"};
  EXPECT_EQ(CommandOf(spec, image), Words{"sh"});
}

TEST(EnvironmentTest, Workdir) {
  ContainerSpec spec;
  ResolvedImage image;
  EXPECT_EQ(WorkdirOf(spec, image), "/");
  image.workdir = "/app";
  EXPECT_EQ(WorkdirOf(spec, image), "/app");
  spec.workdir = "/w";
  EXPECT_EQ(WorkdirOf(spec, image), "/w");
}

}  // namespace
}  // namespace pelagos
