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

namespace pelagos::reml {
namespace {

namespace fs = std::filesystem;

constexpr char kFolder[] = "pelagos/reml/testdata/wrong";

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<fs::path> FilesWith(const char* extension) {
  std::set<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == extension) files.insert(entry.path());
  }
  return files;
}

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

class WrongProgramsTest : public ::testing::TestWithParam<fs::path> {};

TEST_P(WrongProgramsTest, IsReportedAsBefore) {
  const fs::path& path = GetParam();
  const std::string text = Content(path);
  TestBench bench(LimitsOf(text));
  const uint32_t source = bench.sources.Add(path.filename(), text);
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
  const fs::path golden = fs::path(path).replace_extension(".txt");
  const char* update = std::getenv("PELAGOS_UPDATE_GOLDENS");
  if (update != nullptr && absl::string_view(update) == "1") {
    const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    ASSERT_NE(workspace, nullptr) << "answers are renewed with `bazel run`";
    std::ofstream file(workspace / golden, std::ios::binary | std::ios::trunc);
    file << report;
    file.close();
    ASSERT_FALSE(file.fail()) << golden;
    return;
  }
  EXPECT_EQ(Content(golden), report);
}

INSTANTIATE_TEST_SUITE_P(All, WrongProgramsTest, ::testing::ValuesIn(FilesWith(".reml")),
                         [](const auto& info) {
                           std::string name = info.param.stem().string();
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return "Program" + name;
                         });

TEST(WrongProgramsListTest, EachHasItsAnswerAndThereAreEnough) {
  std::set<std::string> numbers;
  for (const fs::path& path : FilesWith(".reml")) {
    EXPECT_TRUE(numbers.insert(path.stem().string().substr(0, 3)).second) << path;
    EXPECT_TRUE(fs::exists(fs::path(path).replace_extension(".txt"))) << path;
  }
  for (const fs::path& path : FilesWith(".txt")) {
    EXPECT_TRUE(fs::exists(fs::path(path).replace_extension(".reml"))) << path;
  }
  EXPECT_GE(numbers.size(), 200u);
}

}  // namespace
}  // namespace pelagos::reml
