#include "pelagos/cli/caller.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace pelagos::cli {
namespace {

TEST(CallerTest, VariablesOfAnother) {
  const std::vector<std::string> environment = {"AB=1", "A=x=y", "EMPTY=", "ODD"};
  Caller caller;
  caller.environment = &environment;
  EXPECT_EQ(VariableOf(caller, "A"), "x=y");
  EXPECT_EQ(VariableOf(caller, "EMPTY"), "");
  EXPECT_EQ(VariableOf(caller, "ODD"), std::nullopt);
  EXPECT_EQ(VariableOf(caller, "PATH"), std::nullopt);
}

TEST(CallerTest, OurVariables) {
  ASSERT_EQ(::setenv("PELAGOS_CALLER_TEST", "here", 1), 0);
  EXPECT_EQ(VariableOf({}, "PELAGOS_CALLER_TEST"), "here");
  ASSERT_EQ(::unsetenv("PELAGOS_CALLER_TEST"), 0);
  EXPECT_EQ(VariableOf({}, "PELAGOS_CALLER_TEST"), std::nullopt);
}

TEST(CallerTest, PathsStartInItsFolder) {
  Caller caller;
  caller.folder = "/srv/app";
  EXPECT_EQ(*AbsolutePath(caller, "./a"), "/srv/app/a");
  EXPECT_EQ(*AbsolutePath(caller, "a/../b"), "/srv/app/a/../b");
  EXPECT_EQ(*AbsolutePath(caller, "."), "/srv/app");
  EXPECT_EQ(*AbsolutePath(caller, "/x"), "/x");
  EXPECT_EQ(*AbsolutePath(caller, ""), "");
  caller.folder = "/";
  EXPECT_EQ(*AbsolutePath(caller, "a"), "/a");
  EXPECT_EQ(*AbsolutePath({}, "a"), std::filesystem::current_path().string() + "/a");
}

}  // namespace
}  // namespace pelagos::cli
