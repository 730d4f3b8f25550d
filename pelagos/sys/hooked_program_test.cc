#include "pelagos/sys/hooked_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pelagos::sys {
namespace {

using ::testing::HasSubstr;

HookedProgram Shell(const std::string& script) {
  return {"/bin/sh", {"sh", "-c", script}, {"A=b c"}, "the state", {}};
}

TEST(HookedProgramTest, GetsTheTextAndNothingButItsEnvironment) {
  const auto result = RunHooked(Shell("cat; echo \" $A\"; env >&2; exit 3"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->code, 3);
  EXPECT_FALSE(result->timed_out);
  EXPECT_THAT(result->output, HasSubstr("the state b c"));
  EXPECT_THAT(result->output, ::testing::Not(HasSubstr("TEST_SRCDIR")));
}

TEST(HookedProgramTest, NeedNotReadItsInput) {
  HookedProgram program = Shell("exit 0");
  program.input = std::string(4 << 20, 'x');
  const auto result = RunHooked(program);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->code, 0);
}

TEST(HookedProgramTest, IsKilledWithWhatItStartedWhenItsTimeIsOver) {
  HookedProgram program = Shell("echo begun; sleep 1000 & wait");
  program.timeout_seconds = 1;
  const auto result = RunHooked(program);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->code, 128 + 9);
  EXPECT_EQ(result->output, "begun\n");
}

TEST(HookedProgramTest, WhatIsNoProgramIsSaid) {
  HookedProgram program = {"/no/such", {}, {}, "", {}};
  EXPECT_THAT(RunHooked(program).status().message(), HasSubstr("running('/no/such')"));
  program.path = "/";
  EXPECT_THAT(RunHooked(program).status().message(), HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace pelagos::sys
