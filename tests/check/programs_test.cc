// Every program of the repository: who runs well is not called wrong. And of those that are wrong
// on purpose, most are found without running them.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/language/check.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/reader.h"
#include "tests/docs/bench.h"

namespace pelagos::language {
namespace {

namespace fs = std::filesystem;

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// In the folder of the test's data.
std::set<fs::path> FilesWith(const char* extension) {
  std::set<fs::path> files;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(".", fs::directory_options::follow_directory_symlink)) {
    if (entry.path().extension() == extension) files.insert(entry.path());
  }
  return files;
}

std::optional<std::string> Import(const std::string& path) {
  if (!fs::is_regular_file(path)) return std::nullopt;
  return Content(path);
}

// The errors of the checker that the program does not have when its forms are evaluated one after
// the other. What stands in a definition may fail later.
std::string FalseErrors(const std::string& name, const std::string& text) {
  SourceMap sources;
  const uint32_t source = sources.Add(name, text);
  reml::Heap heap(size_t{1} << 28);
  Diagnostics diagnostics;
  const auto data = reml::Read(heap, sources, source, diagnostics);
  if (!data) return "";
  // Who needs more than that counts as wrong.
  docs::Bench bench({.depth = 10'000, .steps = 200'000});
  std::set<std::string> messages;
  std::vector<Span> failed;
  for (const reml::Datum& datum : *data) {
    const std::string form = text.substr(datum.span.begin, datum.span.end - datum.span.begin);
    const std::string got = bench.Eval(form);
    if (!absl::StartsWith(got, "!! ")) continue;
    messages.insert(got.substr(3));
    failed.push_back(datum.span);
  }
  std::string report;
  for (const Finding& finding : Check(sources, source, Import)) {
    const Diagnostic& error = finding.diagnostic;
    if (error.severity != Severity::kError || messages.count(error.message) != 0) continue;
    // What the whole stack is checked for comes when it is started.
    if (finding.rule->name == "unknown-reference" || finding.rule->name == "stack") continue;
    bool fails = false;
    for (const Span& span : failed) {
      fails = fails || (error.span.begin >= span.begin && error.span.end <= span.end);
    }
    if (!fails) report += Render(sources, error);
  }
  return report;
}

TEST(CheckProgramsTest, WhoRunsWellIsNotCalledWrong) {
  size_t programs = 0;
  for (const fs::path& path : FilesWith(".reml")) {
    // Wrong on purpose, in ways that come one after the other.
    const fs::path folder = path.parent_path().filename();
    if (folder == "wrong" || folder == "diagnostics") continue;
    ++programs;
    EXPECT_EQ(FalseErrors(path.string(), Content(path)), "");
  }
  std::cout << programs << " programs\n";
  EXPECT_GT(programs, 60u);
}

// The blocks of a page are one program, at their lines.
TEST(CheckProgramsTest, NorAreTheExamplesOfTheManual) {
  size_t pages = 0;
  for (const fs::path& path : FilesWith(".md")) {
    std::string text;
    bool inside = false, program = false;
    for (absl::string_view line : absl::StrSplit(Content(path), '\n')) {
      if (absl::StartsWith(line, "```")) {
        inside = !inside;
        program = inside && line == "```scheme";
        line = "";
      }
      absl::StrAppend(&text, program ? line : "", "\n");
    }
    ++pages;
    EXPECT_EQ(FalseErrors(path.string(), text), "");
  }
  EXPECT_GT(pages, 15u);
}

// testdata/wrong/NAME.txt begins with the error: FILE:LINE:COLUMN: error: MESSAGE
TEST(CheckProgramsTest, MostOfTheWrongOnesAreFound) {
  size_t all = 0, found = 0;
  for (const fs::path& path : FilesWith(".txt")) {
    if (path.parent_path().filename() != "wrong") continue;
    const fs::path program = fs::path(path).replace_extension(".reml");
    const std::string expected = Content(path);
    SourceMap sources;
    const uint32_t source = sources.Add(program.filename(), Content(program));
    const auto import = [&](const std::string& file) {
      return Import((path.parent_path() / file).string());
    };
    ++all;
    bool same = false;
    for (const Finding& finding : Check(sources, source, import)) {
      Diagnostic error = finding.diagnostic;
      error.hint.clear();
      const std::string text = Render(sources, error);
      same = same || absl::StartsWith(expected, text.substr(0, text.size() - 1));
    }
    if (same) ++found;
  }
  std::cout << found << " of " << all << " wrong programs are found\n";
  EXPECT_GT(all, 250u);
  EXPECT_GT(100 * found, 70 * all);
}

}  // namespace
}  // namespace pelagos::language
