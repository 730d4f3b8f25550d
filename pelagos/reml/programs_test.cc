// Programs with answers.
//
// testdata/*.reml: each form is followed, on its last line or the next, by what it gives:
//   (car '(1 2))  ; => 1
//   (car '())     ; !! car: expected pair, got nil
// A form without an answer must not fail. testdata/conformance/*.reml: whole programs, with what
// they print in *.out.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "pelagos/reml/reader.h"
#include "pelagos/reml/reference.h"
#include "pelagos/reml/testing.h"

namespace pelagos::reml {
namespace {

namespace fs = std::filesystem;

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<fs::path> Programs(const char* folder) {
  std::set<fs::path> programs;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".reml") programs.insert(entry.path());
  }
  return programs;
}

// The comment that begins at the end of a form, or alone on the next line: "=> 1" or "!! text".
std::string Answer(absl::string_view after) {
  size_t newlines = 0;
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i] == '\n' && ++newlines == 2) return "";
    if (after[i] == ' ' || after[i] == '\n') continue;
    if (after[i] != ';') return "";
    const absl::string_view line = after.substr(i, after.find('\n', i) - i);
    const absl::string_view answer = absl::StripPrefix(line, "; ");
    return absl::StartsWith(answer, "=> ") || absl::StartsWith(answer, "!! ") ? std::string(answer)
                                                                              : "";
  }
  return "";
}

size_t CheckAnswers(const fs::path& path, bool stress) {
  const std::string text = Content(path);
  SourceMap sources;
  Heap heap(Limits().bytes);
  Diagnostics diagnostics;
  const std::optional<std::vector<Datum>> data =
      Read(heap, sources, sources.Add(path.string(), text), diagnostics);
  EXPECT_TRUE(data) << Render(sources, diagnostics);
  if (!data) return 0;
  TestBench bench;
  bench.interpreter.heap().set_stress(stress);
  size_t answers = 0;
  for (const Datum& datum : *data) {
    const absl::string_view form =
        absl::string_view(text).substr(datum.span.begin, datum.span.end - datum.span.begin);
    std::string got = bench.Eval(form);
    if (!absl::StartsWith(got, "!! ")) got = absl::StrCat("=> ", got);
    const std::string expected = Answer(absl::string_view(text).substr(datum.span.end));
    if (expected.empty()) {
      EXPECT_FALSE(absl::StartsWith(got, "!! ")) << path << ": " << form << "\n" << got;
    } else {
      EXPECT_EQ(got, expected) << path << ": " << form;
      ++answers;
    }
  }
  return answers;
}

void CheckOutput(const fs::path& path, bool stress) {
  TestBench bench;
  bench.interpreter.heap().set_stress(stress);
  bench.Eval(Content(path));
  std::string got = bench.output;
  for (const Diagnostic& diagnostic : bench.diagnostics.list()) {
    if (diagnostic.severity != Severity::kError) continue;
    const LineColumn at = bench.sources.Find(diagnostic.span.source)->Locate(diagnostic.span.begin);
    absl::StrAppend(&got, "ERROR ", at.line, ":", at.column, ": ", diagnostic.message, "\n");
  }
  EXPECT_EQ(got, Content(fs::path(path).replace_extension(".out"))) << path;
}

TEST(ProgramsTest, GiveTheirAnswers) {
  size_t answers = 0;
  for (const fs::path& path : Programs("pelagos/reml/testdata")) {
    answers += CheckAnswers(path, false);
  }
  std::cout << answers << " answers\n";
  EXPECT_GE(answers, 600u);
}

// CHAPTER.reml or CHAPTER_TOPIC.reml.
TEST(ProgramsTest, AreOrderedByChaptersOfTheManual) {
  for (const fs::path& path : Programs("pelagos/reml/testdata")) {
    const std::string stem = path.stem().string();
    bool found = false;
    for (const ReferenceChapter& chapter : LanguageReference()) {
      found = found || stem == chapter.name || absl::StartsWith(stem, chapter.name + "_");
    }
    EXPECT_TRUE(found) << path << " is of no chapter of docs/reml/reference";
  }
}

TEST(ProgramsTest, PrintWhatTheReferenceSays) {
  const std::set<fs::path> programs = Programs("pelagos/reml/testdata/conformance");
  EXPECT_EQ(programs.size(), 16u);
  for (const fs::path& path : programs) CheckOutput(path, false);
}

// With a collection at every step, whatever the collector forgets shows at once.
TEST(ProgramsTest, GiveTheSameWhenEveryStepCollects) {
  for (const fs::path& path : Programs("pelagos/reml/testdata")) CheckAnswers(path, true);
  for (const fs::path& path : Programs("pelagos/reml/testdata/conformance")) {
    // c05 counts to 200000: too long a way at this pace.
    if (path.stem() != "c05") CheckOutput(path, true);
  }
}

}  // namespace
}  // namespace pelagos::reml
