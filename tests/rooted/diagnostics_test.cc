// The broken programs of tests/golden, given to the program itself: it says exactly what is
// expected, fails, and has started nothing.

#include <gtest/gtest.h>

#include "pelagos/sys/file.h"
#include "tests/golden/golden.h"
#include "tests/rooted/harness.h"

namespace pelagos::rooted {
namespace {

using golden::BrokenProgram;
using golden::BrokenPrograms;

class DiagnosticsTest : public RootedTest, public ::testing::WithParamInterface<BrokenProgram> {};

TEST_P(DiagnosticsTest, UpSaysSoAndStartsNothing) {
  const BrokenProgram& program = GetParam();
  World world;
  world.Write(program.name, golden::ReadTestFile(program.path));
  const Outcome up = world.Pelagos({"compose", "up", "-f", program.name});
  EXPECT_EQ(up.code, 1) << up.Describe();
  EXPECT_EQ(up.err, program.expected);
  const auto run_files = sys::ListFolder(world.run_root());
  EXPECT_TRUE(!run_files.ok() || run_files->empty())
      << "the run root was used: " << run_files->at(0);
  EXPECT_EQ(world.Volumes(), std::vector<std::string>());
  world.ExpectNoResidue(program.name.c_str());
}

INSTANTIATE_TEST_SUITE_P(BrokenPrograms, DiagnosticsTest, ::testing::ValuesIn(BrokenPrograms()),
                         [](const auto& info) {
                           return info.param.name.substr(0, info.param.name.find('.'));
                         });

TEST(BrokenProgramsTest, ThereAreEnough) { EXPECT_GE(BrokenPrograms().size(), 20u); }

}  // namespace
}  // namespace pelagos::rooted
