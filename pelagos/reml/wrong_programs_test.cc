// Wrong programs and exactly what is said about them.
//
// testdata/wrong/NNN-name.reml is a program, NNN-name.txt all that is reported: places, carets,
// hints, the macros and calls on the way. A first line "; limits: depth 1000" gives it less than
// usual. lib/*.reml are for those that import. To write or renew the answers, and then read them
// before they are committed:
//
//   PELAGOS_UPDATE_GOLDENS=1 bazel run //pelagos/reml:wrong_programs_test
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "pelagos/reml/testing.h"
#include "tests/golden/golden.h"

namespace pelagos::reml {
namespace {

namespace fs = std::filesystem;
using golden::ReadTestFile;
using golden::TestFiles;

constexpr char kFolder[] = "pelagos/reml/testdata/wrong";

std::string Stem(const std::string& path) { return fs::path(path).stem().string(); }

// "; limits: depth 1000 steps 5000", in any order.
Limits LimitsOf(absl::string_view text) {
  Limits limits;
  absl::string_view line = text.substr(0, text.find('\n'));
  if (!absl::ConsumePrefix(&line, "; limits: ")) return limits;
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  for (size_t i = 0; i + 1 < words.size(); i += 2) {
    uint64_t value = 0;
    EXPECT_TRUE(absl::SimpleAtoi(words[i + 1], &value)) << line;
    if (words[i] == "depth") {
      limits.depth = value;
    } else if (words[i] == "steps") {
      limits.steps = value;
    } else if (words[i] == "bytes") {
      limits.bytes = value;
    } else {
      ADD_FAILURE() << line;
    }
  }
  return limits;
}

class WrongProgramsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(WrongProgramsTest, IsReportedAsBefore) {
  const std::string& path = GetParam();
  const std::string text = ReadTestFile(path);
  TestBench bench(LimitsOf(text));
  const uint32_t source = bench.sources.Add(fs::path(path).filename(), text);
  bench.diagnostics = Diagnostics();
  const fs::path home = fs::current_path();
  fs::current_path(kFolder);  // where the files are that it reads
  EXPECT_FALSE(bench.interpreter.Evaluate(source, bench.diagnostics).has_value()) << text;
  fs::current_path(home);
  const std::string report = Render(bench.sources, bench.diagnostics);
  // Whatever the wording: a file, a line, a column, a caret.
  EXPECT_TRUE(absl::StrContains(report.substr(0, report.find('\n')), ".reml:")) << report;
  EXPECT_TRUE(absl::StrContains(report, ": error: ")) << report;
  EXPECT_TRUE(absl::StrContains(report, "^")) << report;
  golden::ExpectGolden(golden::WithEnding(path, ".txt"), report);
}

INSTANTIATE_TEST_SUITE_P(All, WrongProgramsTest, ::testing::ValuesIn(TestFiles(kFolder, ".reml")),
                         [](const auto& info) {
                           std::string name = Stem(info.param);
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return "Program" + name;
                         });

TEST(WrongProgramsListTest, EachHasItsAnswerAndThereAreEnough) {
  std::set<std::string> numbers;
  for (const std::string& path : TestFiles(kFolder, ".reml")) {
    EXPECT_TRUE(numbers.insert(Stem(path).substr(0, 3)).second) << path;
    EXPECT_TRUE(fs::exists(golden::WithEnding(path, ".txt"))) << path;
  }
  for (const std::string& path : TestFiles(kFolder, ".txt")) {
    EXPECT_TRUE(fs::exists(golden::WithEnding(path, ".reml"))) << path;
  }
  EXPECT_GE(numbers.size(), 200u);
}

}  // namespace
}  // namespace pelagos::reml
