#include "pelagos/base/diagnostic.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace pelagos {
namespace {

TEST(DiagnosticTest, CaretStandsUnderTheText) {
  SourceMap sources;
  const uint32_t file =
      sources.Add("web.reml", "; é\n(service web\n  :cap-add (net-admim chown))\n");
  Diagnostics diags;
  const size_t at = sources.Find(file)->text().find("net-admim");
  diags.Error({file, static_cast<uint32_t>(at), static_cast<uint32_t>(at + 9)},
              "unknown capability 'net-admim'", "did you mean 'net-admin'?");
  EXPECT_FALSE(diags.ok());
  EXPECT_EQ(Render(sources, diags),
            "web.reml:3:13: error: unknown capability 'net-admim'\n"
            "3 |   :cap-add (net-admim chown))\n"
            "  |             ^^^^^^^^^ did you mean 'net-admin'?\n");
}

TEST(DiagnosticTest, ColumnsCountCharactersAndTabsStay) {
  SourceMap sources;
  const uint32_t file = sources.Add("a.reml", "é\tx");
  EXPECT_EQ(Render(sources, {Severity::kWarning, {file, 3, 4}, "odd", ""}),
            "a.reml:1:3: warning: odd\n1 | é\tx\n  |  \t^\n");
}

TEST(DiagnosticTest, SpansOverLinesAndAtTheEnd) {
  SourceMap sources;
  const uint32_t file = sources.Add("a.reml", "(a\nb)\n");
  EXPECT_EQ(Render(sources, {Severity::kError, {file, 0, 5}, "m", ""}),
            "a.reml:1:1: error: m\n1 | (a\n  | ^^\n");
  EXPECT_EQ(Render(sources, {Severity::kError, {file, 6, 6}, "end", ""}),
            "a.reml:3:1: error: end\n3 | \n  | ^\n");
}

TEST(DiagnosticTest, OfALongLineThePartAroundTheCaretIsShown) {
  SourceMap sources;
  const std::string left(300, 'l'), right(1000, 'r');
  const uint32_t file = sources.Add("a.reml", absl::StrCat(left, "éé", right));
  EXPECT_EQ(Render(sources, {Severity::kError, {file, 300, 304}, "m", "h"}),
            absl::StrCat("a.reml:1:301: error: m\n1 | ...", left.substr(0, 100), "éé",
                         right.substr(0, 158), "...\n  | ", std::string(103, ' '), "^^ h\n"));
  // Whatever is marked, the end of the line too.
  EXPECT_EQ(Render(sources, {Severity::kError, {file, 0, 1304}, "m", ""}),
            absl::StrCat("a.reml:1:1: error: m\n1 | ", left.substr(0, 160), "...\n  | ",
                         std::string(160, '^'), "\n"));
  EXPECT_EQ(Render(sources, {Severity::kError, {file, 1304, 1304}, "m", ""}),
            absl::StrCat("a.reml:1:1303: error: m\n1 | ...", right.substr(0, 100), "\n  | ",
                         std::string(103, ' '), "^\n"));
}

TEST(DiagnosticTest, AByteOrderMarkHasNoColumn) {
  SourceMap sources;
  const uint32_t file = sources.Add("a.reml", "\xef\xbb\xbf(a\nb)\n");
  EXPECT_EQ(Render(sources, {Severity::kError, {file, 3, 5}, "m", ""}),
            "a.reml:1:1: error: m\n1 | (a\n  | ^^\n");
  EXPECT_EQ(Render(sources, {Severity::kError, {file, 0, 1}, "m", ""}),
            "a.reml:1:1: error: m\n1 | (a\n  | ^\n");
  EXPECT_EQ(sources.Find(file)->Locate(6).line, 2);
}

TEST(DiagnosticTest, NowhereHasNoPlace) {
  EXPECT_EQ(Render(SourceMap(), {Severity::kError, {}, "lost", "look there"}),
            "error: lost\n  look there\n");
}

}  // namespace
}  // namespace pelagos
