// Broken programs and exactly what is said about them.

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/golden/golden.h"
#include "tests/golden/stack.h"

namespace pelagos::golden {
namespace {

class DiagnosticsTest : public ::testing::TestWithParam<BrokenProgram> {};

TEST_P(DiagnosticsTest, IsReportedAsBefore) {
  const BrokenProgram& program = GetParam();
  const StackResult result = PlanStack(program.name, ReadTestFile(program.path), FactsOf("v2"));
  EXPECT_FALSE(result.plan.has_value());
  // Whatever the wording: a file, a line, a column, a caret.
  EXPECT_TRUE(absl::StartsWith(result.report, absl::StrCat(program.name, ":")));
  EXPECT_TRUE(absl::StrContains(result.report, ": error: "));
  EXPECT_TRUE(absl::StrContains(result.report, " | "));
  EXPECT_TRUE(absl::StrContains(result.report, "^"));
  ExpectGolden(WithEnding(program.path, ".txt"), result.report);
}

INSTANTIATE_TEST_SUITE_P(BrokenPrograms, DiagnosticsTest, ::testing::ValuesIn(BrokenPrograms()),
                         [](const auto& info) {
                           return info.param.name.substr(0, info.param.name.find('.'));
                         });

TEST(BrokenProgramsTest, ThereAreEnough) { EXPECT_GE(BrokenPrograms().size(), 20u); }

}  // namespace
}  // namespace pelagos::golden
