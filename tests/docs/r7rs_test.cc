// docs/reml/r7rs.md speaks of every name of R7RS-small, and what it says is so.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "pelagos/reml/forms.h"
#include "tests/docs/bench.h"
#include "tests/golden/golden.h"

namespace pelagos::docs {
namespace {

constexpr char kPage[] = "docs/reml/r7rs.md";

// A row of the page: "| `car` `cdr` | yes | |".
struct Row {
  std::string section;  // "6.4"
  std::vector<std::string> names;
  std::string status;
  std::string text;
};

std::vector<std::string> Quoted(absl::string_view cell) {
  std::vector<std::string> names;
  const std::vector<absl::string_view> parts = absl::StrSplit(cell, '`');
  for (size_t i = 1; i < parts.size(); i += 2) names.emplace_back(parts[i]);
  return names;
}

// Those of the sections that have names; section 2 has none.
std::vector<Row> Rows() {
  std::vector<Row> rows;
  std::string section;
  const std::string page = golden::ReadTestFile(kPage);
  for (absl::string_view line : absl::StrSplit(page, '\n')) {
    if (absl::StartsWith(line, "## ")) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      section = words[1];
    }
    if (section == "2" || !absl::StartsWith(line, "| `")) continue;
    const std::vector<absl::string_view> cells =
        absl::StrSplit(line.substr(1), absl::MaxSplits('|', 2));
    EXPECT_EQ(cells.size(), 3u) << line;
    if (cells.size() != 3) continue;
    rows.push_back({section, Quoted(cells[0]), std::string(absl::StripAsciiWhitespace(cells[1])),
                    std::string(absl::StripAsciiWhitespace(cells[2]))});
  }
  return rows;
}

// Words that mean something inside of forms only.
bool IsAuxiliary(const std::string& name) {
  static const std::set<std::string> kWords = {
      "else", "=>", "...", "_", "unquote", "unquote-splicing", "syntax-rules"};
  return kWords.count(name) != 0;
}

TEST(R7rsTest, EveryNameOfTheReportIsInItsSectionOnce) {
  std::map<std::string, std::string> sections;  // by name
  for (const Row& row : Rows()) {
    for (const std::string& name : row.names) {
      EXPECT_TRUE(sections.emplace(name, row.section).second) << name << " is there twice";
    }
  }
  const std::string list = golden::ReadTestFile("tests/docs/r7rs_names.txt");
  size_t names = 0;
  for (absl::string_view line : absl::StrSplit(list, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    for (size_t i = 1; i < words.size(); ++i, ++names) {
      EXPECT_EQ(sections[words[i]], words[0]) << words[i];
    }
  }
  EXPECT_EQ(sections.size(), names);
}

TEST(R7rsTest, WhatThePageSaysIsSo) {
  Bench bench;
  std::set<std::string> forms;
  for (const reml::Form& form : reml::SpecialForms()) forms.emplace(form.name);
  for (const Row& row : Rows()) {
    const bool yes = row.status == "yes", differs = row.status == "differs";
    EXPECT_TRUE(yes || differs || row.status == "no") << row.status;
    EXPECT_TRUE(!differs || !row.text.empty()) << row.names[0] << " differs, but how?";
    for (const std::string& name : row.names) {
      const bool there = bench.interpreter().Find(name) || forms.count(name) != 0;
      if (IsAuxiliary(name)) continue;
      EXPECT_EQ(there, yes || differs) << name;
    }
  }
}

}  // namespace
}  // namespace pelagos::docs
