// The reference describes the whole language, and each of its examples is true.
#include "pelagos/compose/reference.h"

#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "pelagos/reml/heap.h"
#include "tests/docs/bench.h"
#include "tests/golden/golden.h"
#include "tools/reml/pages.h"

namespace pelagos::docs {
namespace {

using reml::ReferenceChapter;
using reml::ReferenceEntry;
using reml::ReferenceSection;
using Kind = ReferenceEntry::Kind;

template <typename F>
void ForEachEntry(F f) {
  for (const ReferenceChapter& chapter : compose::Reference()) {
    for (const ReferenceSection& section : chapter.sections) {
      for (const ReferenceEntry& entry : section.entries) f(entry);
    }
  }
}

TEST(ReferenceTest, HasEveryVariableOnceAndNoOther) {
  std::map<std::string, int> entries;
  ForEachEntry([&](const ReferenceEntry& entry) {
    if (entry.kind == Kind::kMacro || entry.kind == Kind::kProcedure) ++entries[entry.name];
  });
  Bench bench;
  std::set<std::string> variables;
  for (const reml::Symbol* symbol : bench.interpreter().heap().globals()) {
    if (symbol->name.front() == '#') continue;  // no text reads as this name
    variables.insert(symbol->name);
    EXPECT_EQ(entries[symbol->name], 1) << symbol->name;
  }
  for (const auto& [name, count] : entries) EXPECT_TRUE(variables.count(name)) << name;
}

TEST(ReferenceTest, HasEveryFormOnce) {
  std::set<std::string> forms;
  ForEachEntry([&](const ReferenceEntry& entry) {
    if (entry.kind != Kind::kForm) return;
    EXPECT_TRUE(forms.insert(entry.name).second) << entry.name;
  });
  EXPECT_GE(forms.size(), 18u);
}

TEST(ReferenceTest, SaysSomethingOfEachAndShowsIt) {
  ForEachEntry([](const ReferenceEntry& entry) {
    EXPECT_FALSE(entry.usage.empty()) << entry.name;
    EXPECT_FALSE(entry.doc.empty()) << entry.name;
    EXPECT_FALSE(entry.example.empty()) << entry.name;
  });
}

TEST(ReferenceTest, ShowsWhatIsTrue) {
  size_t examples = 0;
  ForEachEntry([&](const ReferenceEntry& entry) {
    Bench bench;
    for (absl::string_view line : absl::StrSplit(entry.example, '\n', absl::SkipEmpty())) {
      size_t at = line.rfind(" => ");
      if (at == absl::string_view::npos) at = line.rfind(" !! ");
      ASSERT_NE(at, absl::string_view::npos) << entry.name << ": " << line;
      EXPECT_EQ(bench.Eval(line.substr(0, at)), line.substr(at + 1)) << line;
      ++examples;
    }
  });
  EXPECT_GT(examples, 400u);
}

TEST(ReferenceTest, IsCheckedInAsItIs) {
  constexpr char kFolder[] = "docs/reml/reference";
  const std::map<std::string, std::string> pages = ReferencePages(compose::Reference());
  for (const auto& [name, text] : pages) {
    EXPECT_EQ(golden::ReadTestFile(absl::StrCat(kFolder, "/", name)), text)
        << "to renew it: " << kRenewReference;
  }
  EXPECT_EQ(golden::TestFiles(kFolder, ".md").size(), pages.size());
}

}  // namespace
}  // namespace pelagos::docs
