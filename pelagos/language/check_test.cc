// Programs and exactly what the checker says of them.
//
// testdata/check/NNN-name.reml is a program, NNN-name.txt all that is said: rules, places, carets,
// hints and notes. Clean programs have an empty answer. lib/*.reml are for those that import. To
// write or renew the answers, and then read them before they are committed:
//
//   PELAGOS_UPDATE_GOLDENS=1 bazel run //pelagos/language:check_test
#include "pelagos/language/check.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/golden/golden.h"

namespace pelagos::language {
namespace {

namespace fs = std::filesystem;
using golden::ReadTestFile;
using golden::TestFiles;

constexpr char kFolder[] = "pelagos/language/testdata/check";

std::string Stem(const std::string& path) { return fs::path(path).stem().string(); }

// "RULE " before each finding, notes indented behind it.
std::string Report(const std::string& name, const std::string& text) {
  SourceMap sources;
  const uint32_t source = sources.Add(name, text);
  const auto files = [](const std::string& path) -> std::optional<std::string> {
    const fs::path file = fs::path(kFolder) / path;
    if (!fs::is_regular_file(file)) return std::nullopt;
    return ReadTestFile(file.string());
  };
  std::string report;
  for (const Finding& finding : Check(sources, source, files)) {
    EXPECT_EQ(finding.diagnostic.severity, finding.rule->severity);
    absl::StrAppend(&report, "[", finding.rule->name, "]\n", Render(sources, finding.diagnostic));
    for (const Diagnostic& note : finding.notes) report += Render(sources, note);
  }
  return report;
}

class CheckFixturesTest : public ::testing::TestWithParam<std::string> {};

TEST_P(CheckFixturesTest, SaysWhatIsExpected) {
  const std::string& path = GetParam();
  const std::string report = Report(fs::path(path).filename(), ReadTestFile(path));
  golden::ExpectGolden(golden::WithEnding(path, ".txt"), report);
}

INSTANTIATE_TEST_SUITE_P(All, CheckFixturesTest, ::testing::ValuesIn(TestFiles(kFolder, ".reml")),
                         [](const auto& info) {
                           std::string name = Stem(info.param);
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return "Program" + name;
                         });

TEST(CheckFixturesListTest, EachHasItsAnswerAndHalfAreClean) {
  size_t clean = 0;
  std::set<std::string> numbers;
  for (const std::string& path : TestFiles(kFolder, ".reml")) {
    EXPECT_TRUE(numbers.insert(Stem(path).substr(0, 3)).second) << path;
    const std::string answer = golden::WithEnding(path, ".txt");
    ASSERT_TRUE(fs::exists(answer)) << path;
    // By its number it is clean or not.
    const bool empty = ReadTestFile(answer).empty();
    EXPECT_EQ(empty, Stem(path)[0] == '0') << path;
    if (empty) ++clean;
  }
  EXPECT_GE(numbers.size(), 60u);
  EXPECT_GE(2 * clean + 2, numbers.size());
}

// Every rule is shown by some fixture.
TEST(CheckRulesTest, AllAreShown) {
  std::string all;
  for (const std::string& path : TestFiles(kFolder, ".txt")) all += ReadTestFile(path);
  std::set<absl::string_view> names;
  for (const Rule& rule : Rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_NE(all.find(absl::StrCat("[", rule.name, "]")), std::string::npos) << rule.name;
    EXPECT_EQ(rule.doc.back(), '.') << rule.name;
  }
}

TEST(CheckTest, NothingIsSaidOfNothing) {
  EXPECT_EQ(Report("t.reml", ""), "");
  EXPECT_EQ(Report("t.reml", "; only a comment"), "");
}

// Whatever the text is, there is an end and no fall.
TEST(CheckTest, AnyText) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  Report("t.reml", bytes);
  Report("t.reml", std::string(100'000, '('));
  Report("t.reml", std::string(100'000, ')'));
  Report("t.reml", std::string(100'000, '\''));
  Report("t.reml", absl::StrCat(std::string(50'000, '('), std::string(50'000, ')')));
  std::string nested = "x";
  for (int i = 0; i < 990; ++i) nested = absl::StrCat("(car ", nested, ")");
  Report("t.reml", nested);
  std::string chain = "(define a0 5)";
  for (int i = 1; i < 2000; ++i) absl::StrAppend(&chain, "(define a", i, " a", i - 1, ")");
  Report("t.reml", absl::StrCat(chain, "(car a1999)"));
  Report("t.reml", "(define a b) (define b a) (car a)");
}

}  // namespace
}  // namespace pelagos::language
