// testdata/format/NAME.in.reml is a program, NAME.out.reml how it is laid out. To write or renew
// the answers, and then look at them before they are committed:
//
//   PELAGOS_UPDATE_GOLDENS=1 bazel run //pelagos/reml:format_test
#include "pelagos/reml/format.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/reml/format_properties.h"
#include "tests/golden/golden.h"

namespace pelagos::reml {
namespace {

namespace fs = std::filesystem;

constexpr char kFolder[] = "pelagos/reml/testdata/format";

// The names before ".in.reml" or ".out.reml".
std::set<std::string> NamesWith(const std::string& ending) {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFolder)) {
    const std::string name = entry.path().filename().string();
    if (absl::EndsWith(name, ending)) names.insert(name.substr(0, name.size() - ending.size()));
  }
  return names;
}

class FormatGoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(FormatGoldenTest, IsLaidOutAsBefore) {
  const std::string text = golden::ReadTestFile(absl::StrCat(kFolder, "/", GetParam(), ".in.reml"));
  const std::optional<std::string> formatted = Format(SyntaxTree(text));
  ASSERT_TRUE(formatted.has_value());
  EXPECT_EQ(WrongFormat(text), "");
  const std::string golden = absl::StrCat(kFolder, "/", GetParam(), ".out.reml");
  golden::ExpectGolden(golden, *formatted);
  const std::string expected = golden::ReadTestFile(golden);
  EXPECT_EQ(Format(SyntaxTree(expected)), expected);
}

INSTANTIATE_TEST_SUITE_P(All, FormatGoldenTest, ::testing::ValuesIn(NamesWith(".in.reml")),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(FormatGoldenListTest, EachHasItsAnswerAndThereAreEnough) {
  EXPECT_EQ(NamesWith(".in.reml"), NamesWith(".out.reml"));
  EXPECT_GE(NamesWith(".in.reml").size(), 40u);
}

std::string Formatted(absl::string_view text, size_t width = kFormatWidth) {
  return Format(SyntaxTree(text), width).value_or("nothing");
}

TEST(FormatTest, WhatIsNotClosedIsLeftAlone) {
  for (const char* text : {"(", ")", "(a", "a)", "'", "\"a", "#|", "#\\", "#;", "(a '"}) {
    EXPECT_EQ(Formatted(text), "nothing") << text;
  }
}

TEST(FormatTest, NestingHasALimit) {
  const auto nested = [](size_t depth) {
    return absl::StrCat(std::string(depth, '('), std::string(depth, ')'));
  };
  EXPECT_EQ(Formatted(nested(1000)), nested(1000) + "\n");
  EXPECT_EQ(Formatted(nested(1001)), "nothing");
  EXPECT_EQ(Formatted(nested(1000000)), "nothing");
}

// Lines do not begin beyond the width: a deep text does not become a hundred times as long.
TEST(FormatTest, IndentationHasALimit) {
  std::string deep(1000, '(');
  for (int i = 0; i < 10000; ++i) deep += "a\n";
  deep += std::string(1000, ')');
  EXPECT_EQ(WrongFormat(deep), "");
  EXPECT_LT(Formatted(deep).size(), size_t{103} * 10000);
}

TEST(FormatTest, TheTextHasALimit) {
  std::string deep(200, '(');
  for (int i = 0; i < 2000000; ++i) deep += "a\n";
  deep += std::string(200, ')');
  EXPECT_EQ(Format(SyntaxTree(deep)), std::nullopt);
}

TEST(FormatTest, WidthIsInCharacters) {
  EXPECT_EQ(Formatted("(f é é)", 7), "(f é é)\n");
  EXPECT_EQ(Formatted("(f (é) (é))", 10), "(f (é)\n   (é))\n");
  EXPECT_EQ(Formatted("(\xff \x80 \xc3)"), "(\xff \x80 \xc3)\n");
  EXPECT_EQ(WrongFormat("(f \"webs and more\" \x85 (lambda () (newline) 1 2))", 18), "");
}

}  // namespace
}  // namespace pelagos::reml
