#include "pelagos/oci/systemd/unit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pelagos::oci {
namespace {

using ::testing::HasSubstr;

SystemdUnit Parse(absl::string_view path, bool user = false) {
  const auto unit = ParseSystemdUnit(path, "c1", user);
  EXPECT_TRUE(unit.ok()) << unit.status();
  return unit.value_or(SystemdUnit());
}
std::string Wrong(absl::string_view path) {
  const auto unit = ParseSystemdUnit(path, "c1", false);
  EXPECT_FALSE(unit.ok()) << path;
  return std::string(unit.status().message());
}

TEST(SystemdUnitTest, Names) {
  EXPECT_EQ(Parse("machine.slice:libpod:4f"), (SystemdUnit{"machine.slice", "libpod-4f.scope"}));
  EXPECT_EQ(Parse(""), (SystemdUnit{"system.slice", "pelagos-c1.scope"}));
  EXPECT_EQ(Parse("", true), (SystemdUnit{"user.slice", "pelagos-c1.scope"}));
  EXPECT_EQ(Parse(":docker:1", true), (SystemdUnit{"user.slice", "docker-1.scope"}));
  EXPECT_EQ(Parse("-:p:n"), (SystemdUnit{"-.slice", "p-n.scope"}));
  EXPECT_EQ(Parse("system.slice::n"), (SystemdUnit{"system.slice", "-n.scope"}));
  EXPECT_EQ(Parse("x.slice:p:a-b.slice"), (SystemdUnit{"a.slice", "a-b.slice"}));
  EXPECT_EQ(Parse("::web.slice"), (SystemdUnit{"-.slice", "web.slice"}));
}

TEST(SystemdUnitTest, PathsFollowTheDashesOfSlices) {
  EXPECT_EQ(UnitPath(Parse("machine.slice:libpod:4f")), "machine.slice/libpod-4f.scope");
  EXPECT_EQ(UnitPath(Parse("a-b-c.slice:p:n")), "a.slice/a-b.slice/a-b-c.slice/p-n.scope");
  EXPECT_EQ(UnitPath(Parse("-:p:n")), "p-n.scope");
  EXPECT_EQ(UnitPath(Parse("-.slice:p:n")), "p-n.scope");
  EXPECT_EQ(UnitPath(Parse("::a-b.slice")), "a.slice/a-b.slice");
  EXPECT_TRUE(Parse("::a-b.slice").is_slice());
  EXPECT_FALSE(Parse("-:p:n").is_slice());
}

TEST(SystemdUnitTest, WhatIsWrongIsSaid) {
  EXPECT_EQ(Wrong("/a/b"),
            "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got "
            "\"/a/b\" instead");
  EXPECT_THAT(Wrong("a:b:c:d"), HasSubstr("of format"));
  EXPECT_THAT(Wrong("a.slice:b:"), HasSubstr("is empty"));
  EXPECT_THAT(Wrong("user.slice/user-1.slice:b:c"), HasSubstr("no name of a systemd unit"));
  EXPECT_THAT(Wrong("user:b:c"), HasSubstr("must end in .slice"));
  EXPECT_THAT(Wrong(".slice:b:c"), HasSubstr("must end in .slice"));
  EXPECT_THAT(Wrong("-a.slice:b:c"), HasSubstr("dashes"));
  EXPECT_THAT(Wrong("a-.slice:b:c"), HasSubstr("dashes"));
  EXPECT_THAT(Wrong("a--b.slice:b:c"), HasSubstr("dashes"));
  EXPECT_THAT(Wrong(":p:a+b"), HasSubstr("'p-a+b.scope' is no name"));
  EXPECT_THAT(Wrong(":p:a@b"), HasSubstr("is no name"));
  EXPECT_THAT(Wrong(":p:../x"), HasSubstr("is no name"));
  EXPECT_THAT(Wrong(":p:-.slice"), HasSubstr("root slice"));
  EXPECT_THAT(Wrong(":p:a--b.slice"), HasSubstr("dashes"));
  EXPECT_THAT(Wrong(":p:" + std::string(250, 'x')), HasSubstr("255"));
}

}  // namespace
}  // namespace pelagos::oci
