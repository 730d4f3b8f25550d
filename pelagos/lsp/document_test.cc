#include "pelagos/lsp/document.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/lsp/workspace.h"

namespace pelagos::lsp {
namespace {

TextChange Edit(uint32_t line, uint32_t begin, uint32_t end_line, uint32_t end, std::string text) {
  return {TextChange::Place{{line, begin}, {end_line, end}}, std::move(text)};
}

std::string Edited(std::string text, std::vector<TextChange> changes,
                   Encoding encoding = Encoding::kUtf16) {
  Document document("untitled:a", "", std::move(text), 1);
  document.Apply(changes, 2, encoding);
  EXPECT_EQ(document.version(), 2);
  EXPECT_EQ(document.lines().size(), Lines(document.text()).size());
  return document.text();
}

TEST(Document, Changes) {
  EXPECT_EQ(Edited("abc", {Edit(0, 1, 0, 2, "X")}), "aXc");
  EXPECT_EQ(Edited("abc\ndef", {Edit(0, 3, 1, 0, "")}), "abcdef");
  EXPECT_EQ(Edited("abc", {{std::nullopt, "new"}}), "new");
  EXPECT_EQ(Edited("", {Edit(0, 0, 0, 0, "a")}), "a");
  EXPECT_EQ(Edited("a🐋b", {Edit(0, 1, 0, 3, "")}), "ab");
  EXPECT_EQ(Edited("a🐋b", {Edit(0, 1, 0, 5, "")}, Encoding::kUtf8), "ab");
  EXPECT_EQ(Edited("a\r\nb", {Edit(0, 1, 1, 0, "\n")}), "a\nb");
  EXPECT_EQ(Edited("abc", {}), "abc");
}

// Each change counts from what the one before it left.
TEST(Document, ChangesInARow) {
  EXPECT_EQ(Edited("a", {Edit(0, 1, 0, 1, "\nb"), Edit(1, 1, 1, 1, "c"), Edit(0, 0, 0, 1, "")}),
            "\nbc");
  EXPECT_EQ(Edited("a", {{std::nullopt, "x\ny"}, Edit(1, 0, 1, 1, "z")}), "x\nz");
}

TEST(Document, PlacesOutsideOfTheText) {
  EXPECT_EQ(Edited("ab\nc", {Edit(0, 99, 0, 99, "X")}), "abX\nc");
  EXPECT_EQ(Edited("ab\nc", {Edit(7, 0, 9, 0, "X")}), "ab\ncX");
  EXPECT_EQ(Edited("ab", {Edit(0, 2, 0, 0, "X")}), "abX");  // backwards
  EXPECT_EQ(Edited("a🐋b", {Edit(0, 2, 0, 2, "X")}), "aX🐋b");
}

TEST(Document, LargeOnesAreNotLookedInto) {
  Document document("untitled:a", "", std::string(Document::kLargest + 1, '('), 1);
  EXPECT_EQ(document.Analyze(nullptr).tree.size(), 1u);
}

class WorkspaceTest : public testing::Test {
 protected:
  // The files that what the document imports is looked for in.
  size_t Definitions(const char* uri) {
    Document* document = workspace_.Find(uri);
    return document == nullptr ? 0 : workspace_.Analyze(*document).names.definitions().size();
  }
  std::string Changed() {
    std::string changed;
    for (const Document* document : workspace_.TakeChanged()) {
      absl::StrAppend(&changed, document->uri(), " ");
    }
    return changed;
  }

  std::map<std::string, std::string> disk_;
  Workspace workspace_{[this](const std::string& path) -> std::optional<std::string> {
    const auto found = disk_.find(path);
    if (found == disk_.end()) return std::nullopt;
    return found->second;
  }};
};

TEST_F(WorkspaceTest, ImportsComeFromOpenDocumentsThenFromTheDisk) {
  disk_["/d/lib.reml"] = "(define a 1)";
  workspace_.Open("file:///d/x.reml", "(import \"lib.reml\")", 1);
  EXPECT_EQ(Definitions("file:///d/x.reml"), 1u);
  EXPECT_EQ(Changed(), "file:///d/x.reml ");
  workspace_.Open("file:///d/lib.reml", "(define a 1) (define b 1)", 1);
  EXPECT_EQ(Changed(), "file:///d/lib.reml file:///d/x.reml ");
  EXPECT_EQ(Definitions("file:///d/x.reml"), 2u);
  workspace_.Change(*workspace_.Find("file:///d/lib.reml"), {{std::nullopt, ""}}, 2,
                    Encoding::kUtf16);
  EXPECT_EQ(Changed(), "file:///d/lib.reml file:///d/x.reml ");
  EXPECT_EQ(Definitions("file:///d/x.reml"), 0u);
  workspace_.Close("file:///d/lib.reml");
  EXPECT_EQ(Changed(), "file:///d/x.reml ");
  EXPECT_EQ(Definitions("file:///d/x.reml"), 1u);
}

TEST_F(WorkspaceTest, TheDiskMayChange) {
  workspace_.Open("file:///d/x.reml", "(import \"sub/../lib.reml\")", 1);
  EXPECT_EQ(Definitions("file:///d/x.reml"), 0u);
  disk_["/d/lib.reml"] = "(define a 1)";
  EXPECT_EQ(Definitions("file:///d/x.reml"), 0u);
  Changed();
  workspace_.ForgetDisk();
  EXPECT_EQ(Changed(), "file:///d/x.reml ");
  EXPECT_EQ(Definitions("file:///d/x.reml"), 1u);
}

TEST_F(WorkspaceTest, WithoutAPathNothingIsRead) {
  disk_["/lib.reml"] = disk_["lib.reml"] = "(define a 1)";
  workspace_.Open("untitled:x", "(import \"lib.reml\")", 1);
  EXPECT_EQ(Definitions("untitled:x"), 0u);
}

}  // namespace
}  // namespace pelagos::lsp
