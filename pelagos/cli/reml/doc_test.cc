#include "pelagos/cli/reml/doc.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/cli/reml/columns.h"
#include "pelagos/cli/reml/testing.h"
#include "pelagos/language/vocabulary.h"

namespace pelagos::cli {
namespace {

using language::Vocabulary;
using language::Word;

Answer Type(const std::vector<std::string>& words) {
  return Type(DocCommands().front(), PrintDoc, words);
}

size_t Widest(const std::string& text) {
  size_t widest = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    widest = std::max(widest, Source::Characters(line));
  }
  return widest;
}

TEST(RemlDocTest, EveryWordPrints) {
  size_t seen = 0;
  const auto check = [&](const Word& word, const std::string& name) {
    ++seen;
    const absl::StatusOr<std::string> text = DocOf(name, 80);
    ASSERT_TRUE(text.ok()) << text.status();
    const reml::ReferenceEntry& entry = *word.entry;
    EXPECT_TRUE(absl::StrContains(*text, word.name() + ": ")) << *text;
    for (absl::string_view way : absl::StrSplit(entry.usage, '\n')) {
      EXPECT_TRUE(absl::StrContains(*text, way)) << *text;
    }
    std::string flat = *text;
    for (char& c : flat) c = c == '\n' ? ' ' : c;
    for (absl::string_view token : absl::StrSplit(entry.doc, absl::ByAnyChar(" \n"))) {
      EXPECT_TRUE(absl::StrContains(flat, token)) << *text;
    }
    for (absl::string_view line : absl::StrSplit(entry.example, '\n')) {
      const absl::string_view program = line.substr(0, line.rfind(" => "));
      EXPECT_TRUE(absl::StrContains(*text, program.substr(0, program.rfind(" !! ")))) << *text;
    }
    EXPECT_TRUE(absl::StrContains(*text, word.chapter->title)) << *text;
  };
  for (const Word& word : Vocabulary::Get().words()) check(word, word.name());
  for (const Word& option : Vocabulary::Get().options()) check(option, ":" + option.name());
  EXPECT_GT(seen, 300u);
}

TEST(RemlDocTest, AWordLooksLikeThis) {
  EXPECT_EQ(Type({"substring"}).out,
            "substring: procedure\n"
            "  (substring text:string start:int [end:int]) -> string\n"
            "\n"
            "  The characters of TEXT from number START up to, but without, number END.\n"
            "  Without END: up to the end of TEXT.\n"
            "\n"
            "  (substring \"hello\" 1 3)  ; => \"el\"\n"
            "  (substring \"hello\" 2)  ; => \"llo\"\n"
            "  (substring \"abc\" 2 9)  ; !! substring: index out of range\n"
            "\n"
            "  Strings, characters and symbols: Strings; as in the original\n");
}

TEST(RemlDocTest, AFormAndAnOption) {
  const std::string form = Type({"let"}).out;
  EXPECT_EQ(form.substr(0, form.find("\n\n")),
            "let: form\n"
            "  (let ((name value)...) body...)\n"
            "  (let loop ((name value)...) body...)");
  const std::string option = Type({"image"}).out;
  EXPECT_EQ(option.substr(0, option.find('\n')), "image: option of a service");
}

TEST(RemlDocTest, ANameOfTwoThingsShowsBoth) {
  for (const std::string name : {"volume", "network"}) {
    ASSERT_NE(Vocabulary::Get().Find(name), nullptr);
    ASSERT_NE(Vocabulary::Get().FindOption(name), nullptr);
    const std::string both = Type({name}).out;
    EXPECT_TRUE(absl::StartsWith(both, name + ": procedure\n")) << both;
    EXPECT_TRUE(absl::StrContains(both, "\n\n" + name + ": option of a service\n")) << both;
    const std::string one = Type({":" + name}).out;
    EXPECT_TRUE(absl::StartsWith(one, name + ": option of a service\n")) << one;
    EXPECT_FALSE(absl::StrContains(one, "procedure")) << one;
  }
}

TEST(RemlDocTest, SeveralNamesAndUnknownOnes) {
  const Answer answer = Type({"car", "strng-join", "cdr"});
  EXPECT_EQ(answer.code, 1);
  EXPECT_EQ(answer.err,
            "pelagos: error: nothing is called 'strng-join'; did you mean 'string-join'?\n");
  EXPECT_TRUE(absl::StartsWith(answer.out, "car: procedure\n")) << answer.out;
  EXPECT_TRUE(absl::StrContains(answer.out, "\n\ncdr: procedure\n")) << answer.out;
  EXPECT_EQ(Type({":imge"}).err,
            "pelagos: error: nothing is called ':imge'; did you mean ':image'?\n");
  EXPECT_EQ(Type({"qqqqqqqq\n\x1b"}).err, "pelagos: error: nothing is called 'qqqqqqqq\\n\\033'\n");
}

TEST(RemlDocTest, TheContentsHaveEveryNameInEightyColumns) {
  const Answer answer = Type({});
  EXPECT_EQ(answer.code, 0);
  EXPECT_LE(Widest(answer.out), 80u);
  const std::vector<std::string> all =
      absl::StrSplit(answer.out, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  for (const Word& word : Vocabulary::Get().words()) {
    EXPECT_NE(std::find(all.begin(), all.end(), word.name()), all.end()) << word.name();
  }
  for (const reml::ReferenceChapter& chapter : Vocabulary::Get().chapters()) {
    EXPECT_TRUE(absl::StrContains("\n" + answer.out, "\n" + chapter.title + "\n"));
  }
}

TEST(RemlDocTest, SearchLooksAtNamesThenAtDescriptions) {
  const Answer answer = Type({"--search", "SUBSTRING"});
  EXPECT_EQ(answer.code, 0);
  EXPECT_TRUE(absl::StartsWith(answer.out, "substring ")) << answer.out;
  EXPECT_TRUE(absl::StrContains(answer.out, "\nstring-copy ")) << answer.out;
  EXPECT_LE(Widest(answer.out), 80u) << answer.out;
  const Answer nothing = Type({"--search", "qqqq"});
  EXPECT_EQ(nothing.code, 1);
  EXPECT_EQ(nothing.err, "pelagos: error: no name and no description has 'qqqq'\n");
  EXPECT_EQ(Type({"--search", "a", "car"}).code, 2);
}

TEST(RemlDocTest, Json) {
  const nlohmann::json both = nlohmann::json::parse(Type({"--json", "volume"}).out);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0]["kind"], "procedure");
  EXPECT_EQ(both[1]["kind"], "option");
  EXPECT_EQ(both[1]["name"], "volume");
  const nlohmann::json all = nlohmann::json::parse(Type({"--json"}).out);
  EXPECT_EQ(all.size(), Vocabulary::Get().words().size() + Vocabulary::Get().options().size());
  const nlohmann::json some = nlohmann::json::parse(Type({"--json", "--search", "string"}).out);
  EXPECT_LT(some.size(), all.size());
  EXPECT_GT(some.size(), 10u);
}

TEST(ColumnsTest, ReadDownwards) {
  EXPECT_EQ(InColumns({"a", "bb", "c", "d", "e"}, 10, 2), "  a   d\n  bb  e\n  c\n");
  EXPECT_EQ(InColumns({"long-name", "b"}, 5, 0), "long-name\nb\n");
  EXPECT_EQ(InColumns({"é", "b"}, 4, 0), "é  b\n");
  EXPECT_EQ(InColumns({}, 80, 0), "");
}

TEST(ColumnsTest, WrapsBetweenWords) {
  EXPECT_EQ(Wrapped("one two three", 8, 0), "one two\nthree\n");
  EXPECT_EQ(Wrapped("é two", 7, 2), "  é two\n");
  EXPECT_EQ(Wrapped("unbreakable", 3, 1), " unbreakable\n");
  EXPECT_EQ(Wrapped("a\nb", 80, 0), "a\nb\n");
}

}  // namespace
}  // namespace pelagos::cli
