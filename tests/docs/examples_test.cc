// Every program in the manual runs, and gives what the comments behind its forms say.
//
//   ```scheme            the forms of a page's blocks, one after the other; each may be followed,
//   on
//                        its last line or the next ones, by `; => VALUE`, `; !! MESSAGE`, or by
//                        `; prints LINE` for each line that it prints. Without, it must not fail.
//   ```scheme NAME       a file, which later forms can import
//   ```json NAME         a file, which later forms can read
//   ```scheme wrong NAME a program with mistakes; the ```text block after it is all that is said
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/limits.h"
#include "pelagos/reml/reader.h"
#include "tests/docs/bench.h"
#include "tests/golden/golden.h"

namespace pelagos::docs {
namespace {

struct Block {
  std::vector<std::string> info;  // the words behind the backquotes
  std::string text;
};

std::vector<Block> BlocksOf(const std::string& page) {
  std::vector<Block> blocks;
  bool inside = false;
  for (absl::string_view line : absl::StrSplit(page, '\n')) {
    if (absl::StartsWith(line, "```")) {
      inside = !inside;
      if (inside) blocks.push_back({absl::StrSplit(line.substr(3), ' '), ""});
    } else if (inside) {
      absl::StrAppend(&blocks.back().text, line, "\n");
    }
  }
  EXPECT_FALSE(inside) << "a block is open at the end";
  return blocks;
}

// What the comments that begin at the end of a form, or alone on the next lines, expect of it.
struct Expected {
  std::string answer;  // "=> VALUE" or "!! MESSAGE"; empty: not said
  std::vector<std::string> printed;
};

Expected ExpectedAfter(absl::string_view after) {
  Expected expected;
  bool own_line = true;  // that the form ends on
  for (absl::string_view line : absl::StrSplit(after, '\n')) {
    line = absl::StripLeadingAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "; ") && !(own_line && line.empty())) break;
    own_line = false;
    if (absl::StartsWith(line, "=> ") || absl::StartsWith(line, "!! ")) {
      expected.answer = std::string(line);
    } else if (absl::ConsumePrefix(&line, "prints ")) {
      expected.printed.emplace_back(line);
    }
  }
  return expected;
}

// Evaluates the forms of a block. Returns how many said what they give.
size_t CheckForms(const std::string& page, const std::string& text, Bench& bench) {
  SourceMap sources;
  reml::Heap heap(reml::Limits().bytes);
  Diagnostics diagnostics;
  const auto data = Read(heap, sources, sources.Add(page, text), diagnostics);
  EXPECT_TRUE(data) << Render(sources, diagnostics);
  if (!data) return 0;
  size_t answers = 0;
  for (const reml::Datum& datum : *data) {
    const absl::string_view form =
        absl::string_view(text).substr(datum.span.begin, datum.span.end - datum.span.begin);
    const Expected expected = ExpectedAfter(absl::string_view(text).substr(datum.span.end));
    const std::string got = bench.Eval(form);
    if (!expected.answer.empty()) {
      EXPECT_EQ(got, expected.answer) << page << ": " << form;
    } else {
      EXPECT_FALSE(absl::StartsWith(got, "!! ")) << page << ": " << form << "\n" << got;
    }
    if (!expected.printed.empty()) {
      EXPECT_EQ(absl::StripSuffix(bench.output(), "\n"), absl::StrJoin(expected.printed, "\n"))
          << page << ": " << form;
    }
    if (!expected.answer.empty() || !expected.printed.empty()) ++answers;
  }
  return answers;
}

size_t CheckPage(const std::string& page) {
  Bench bench;
  size_t answers = 0;
  const std::vector<Block> blocks = BlocksOf(golden::ReadTestFile(page));
  for (size_t i = 0; i < blocks.size(); ++i) {
    const std::vector<std::string>& info = blocks[i].info;
    if (info[0] != "scheme" && info[0] != "json") continue;
    if (info.size() == 1) {
      if (info[0] == "scheme") answers += CheckForms(page, blocks[i].text, bench);
    } else if (info[1] != "wrong") {
      bench.AddFile(info[1], blocks[i].text);
    } else if (i + 1 == blocks.size() || info.size() != 3 || blocks[i + 1].info[0] != "text") {
      ADD_FAILURE() << page << ": not a wrong program with what is said of it";
    } else {
      EXPECT_EQ(Bench().Mistakes(info[2], blocks[i].text), blocks[i + 1].text) << page;
      ++answers;
    }
  }
  return answers;
}

TEST(ExamplesTest, OfTheManualAreTrue) {
  CheckPage("README.md");
  for (const std::string& page : golden::TestFiles("docs", ".md")) CheckPage(page);
  size_t answers = 0;
  for (const std::string& page : golden::TestFiles("docs/reml", ".md")) answers += CheckPage(page);
  EXPECT_GE(answers, 75u);
}

}  // namespace
}  // namespace pelagos::docs
