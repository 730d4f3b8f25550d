#include "pelagos/lsp/format_edits.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace pelagos::lsp {
namespace {

std::string Applied(std::string text, const std::vector<TextEdit>& edits) {
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    text.replace(edit->range.begin, edit->range.end - edit->range.begin, edit->text);
  }
  return text;
}

TEST(FormatEdits, OnlySpaceIsEdited) {
  const std::string before = "(define   (f a)\n (g a)) ; é\n\n\n\n(h)";
  const std::string after = "(define (f a)\n  (g a))  ; é\n\n(h)\n";
  const std::vector<TextEdit> edits = EditsBetween(before, after);
  EXPECT_EQ(edits.size(), 5u);
  EXPECT_EQ(Applied(before, edits), after);
  EXPECT_EQ(edits[0], (TextEdit{{7, 10}, " "}));
}

TEST(FormatEdits, Nothing) {
  EXPECT_TRUE(EditsBetween("(a)", "(a)").empty());
  EXPECT_TRUE(EditsBetween("", "").empty());
}

TEST(FormatEdits, OtherTokens) {
  for (const auto& [before, after] : {std::pair<const char*, const char*>{"; a  \n(b)", "; a\n(b)"},
                                      {"(a é)", "(a è)"},
                                      {"aaa", "aa"},
                                      {"", "a"},
                                      {"a", ""},
                                      {"(é)", "(éé)"}}) {
    const std::vector<TextEdit> edits = EditsBetween(before, after);
    EXPECT_EQ(edits.size(), 1u) << before;
    EXPECT_EQ(Applied(before, edits), after);
  }
}

TEST(FormatEdits, LinesEndAsBefore) {
  const std::string before = "(a\r\n b)\r\n";
  EXPECT_EQ(Applied(before, EditsBetween(before, "(a\n    b)\n")), "(a\r\n    b)\r\n");
  EXPECT_TRUE(EditsBetween(before, "(a\n b)\n").empty());
}

}  // namespace
}  // namespace pelagos::lsp
