#include "pelagos/oci/sub_cgroups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pelagos::oci {
namespace {

using ::testing::HasSubstr;

const CgroupFolders kOwn = {"/u/c", {}, {{"cpu", "/cpu/c"}, {"memory", "/mem/c"}}};

std::string Problem(const std::vector<std::string>& asked) {
  return std::string(SubCgroups(kOwn, asked).status().message());
}

TEST(SubCgroupsTest, OnePathIsForAllHierarchies) {
  EXPECT_EQ(*SubCgroups(kOwn, {}), kOwn);
  EXPECT_EQ(*SubCgroups(kOwn, {"/"}), kOwn);
  const CgroupFolders below = {"/u/c/a/b", {}, {{"cpu", "/cpu/c/a/b"}, {"memory", "/mem/c/a/b"}}};
  EXPECT_EQ(*SubCgroups(kOwn, {"a//./b/"}), below);
}

TEST(SubCgroupsTest, ControllersHaveTheirOwn) {
  const CgroupFolders some = {"/u/c", {}, {{"cpu", "/cpu/c/a"}, {"memory", "/mem/c/b"}}};
  EXPECT_EQ(*SubCgroups(kOwn, {"cpu:a", "memory:/b"}), some);
  const CgroupFolders both = {"/u/c", {}, {{"cpu", "/cpu/c/a"}, {"memory", "/mem/c/a"}}};
  EXPECT_EQ(*SubCgroups(kOwn, {"cpu,memory:a"}), both);
}

TEST(SubCgroupsTest, WhatLeadsOutOrIsUnclearIsRefused) {
  EXPECT_THAT(Problem({".."}), HasSubstr("bad sub cgroup path"));
  EXPECT_THAT(Problem({"a/../../x"}), HasSubstr("bad sub cgroup path"));
  EXPECT_THAT(Problem({"cpu:.."}), HasSubstr("bad sub cgroup path"));
  EXPECT_THAT(Problem({"what:a"}), HasSubstr("unknown controller what"));
  EXPECT_THAT(Problem({"a", "b"}), HasSubstr("missing <controller>: prefix"));
  EXPECT_THAT(Problem({"cpu:a", "cpu:b"}), HasSubstr("specified multiple times"));
  EXPECT_THAT(Problem({":a"}), HasSubstr("invalid --cgroup argument"));
}

TEST(SubCgroupsTest, WhatIsNotThereIsNamed) {
  EXPECT_EQ(FirstMissing({"/", {}, {{"cpu", "/no/such"}}}), "/no/such");
  EXPECT_EQ(FirstMissing({"/", {}, {}}), "");
}

}  // namespace
}  // namespace pelagos::oci
