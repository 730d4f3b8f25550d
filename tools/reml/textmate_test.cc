// The grammar colours what the language means, and nothing else.
#include "tools/reml/textmate.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "pelagos/language/vocabulary.h"
#include "pelagos/reml/heap.h"
#include "pelagos/reml/lexer.h"
#include "pelagos/reml/reader.h"
#include "tools/reml/textmate_tokens.h"
#include "tools/reml/word_groups.h"

namespace pelagos {
namespace {

using language::Vocabulary;
using Words = WordGroups::Words;

const WordGroups& Groups() {
  static const WordGroups& groups = *new WordGroups(GroupWords(Vocabulary::Get()));
  return groups;
}

const TextMateTokens& Grammar() {
  static const TextMateTokens& grammar = *new TextMateTokens(TextMateGrammar(Groups()));
  return grammar;
}

// "define|keyword.other.definition" for each token, one a line, without the parentheses.
std::string Shown(absl::string_view text) {
  std::string shown;
  for (const TextMateToken& token : Grammar().Of(text)) {
    if (absl::StrContains(token.scopes, "punctuation.section.list")) continue;
    absl::StrAppend(&shown, text.substr(token.begin, token.end - token.begin), "|", token.scopes,
                    "\n");
  }
  return shown;
}

// The scopes of the only token that is exactly `word`.
std::string ScopeOf(absl::string_view word, absl::string_view text) {
  std::string scopes = "none";
  for (const TextMateToken& token : Grammar().Of(text)) {
    if (text.substr(token.begin, token.end - token.begin) == word) scopes = token.scopes;
  }
  return scopes;
}

TEST(WordGroupsTest, HaveEachWordOnce) {
  std::map<absl::string_view, int> found;
  for (const Words* words :
       {&Groups().special_forms, &Groups().definitions, &Groups().macros, &Groups().procedures}) {
    EXPECT_FALSE(words->empty());
    for (absl::string_view word : *words) ++found[word];
  }
  EXPECT_EQ(found.size(), Vocabulary::Get().words().size());
  for (const language::Word& word : Vocabulary::Get().words()) {
    EXPECT_EQ(found[word.name()], 1) << word.name();
  }
  EXPECT_EQ(Groups().options.size(), Vocabulary::Get().options().size());
}

TEST(WordGroupsTest, KnowWhatStandsBehindWords) {
  EXPECT_EQ(Groups().services, Words({"define-service"}));
  EXPECT_EQ(Groups().heads, Words({"define"}));
  EXPECT_EQ(Groups().names_with_formals, Words({"defmacro"}));
  EXPECT_EQ(Groups().formals, Words({"lambda", "receive"}));
  EXPECT_EQ(Groups().loops, Words({"let"}));
  EXPECT_EQ(Groups().marks, Words({"else"}));
}

TEST(TextMateTest, ColoursEveryWordAsItsGroupAndNoPartOfAnother) {
  const auto check = [](const Words& words, absl::string_view scope) {
    for (absl::string_view word : words) {
      EXPECT_EQ(ScopeOf(word, absl::StrCat("(", word, " x)")), scope) << word;
      EXPECT_EQ(ScopeOf(word, word), scope) << word;
      for (const std::string& other : {absl::StrCat(word, "~x"), absl::StrCat("x~", word)}) {
        EXPECT_EQ(ScopeOf(other, absl::StrCat("(", other, ")")), "meta.symbol") << other;
      }
    }
  };
  check(Groups().special_forms, "keyword.control");
  check(Groups().definitions, "keyword.other.definition");
  check(Groups().macros, "keyword.control.macro");
  check(Groups().marks, "keyword.control.mark");
  check(Groups().procedures, "support.function.builtin");
}

TEST(TextMateTest, ColoursOptionsWhereTheyAreOptions) {
  for (absl::string_view option : Groups().options) {
    const std::string keyword = absl::StrCat(":", option);
    const std::string name = "support.type.property-name.option";
    EXPECT_EQ(ScopeOf(option, absl::StrCat("'(", option, " 1)")), name);
    EXPECT_EQ(ScopeOf(option, absl::StrCat("`(", option, " ,x)")), name);
    EXPECT_EQ(ScopeOf(option, absl::StrCat("(list '", option, " 1)")), name);
    EXPECT_EQ(ScopeOf(keyword, absl::StrCat("(define-service a \"a\"\n ", keyword, " 1)")),
              "entity.other.attribute-name.option");
    EXPECT_EQ(ScopeOf(keyword, absl::StrCat("(list ", keyword, ")")), "constant.other.keyword");
    EXPECT_EQ(ScopeOf(option, absl::StrCat("'(x ", option, ")")), "constant.other.symbol");
    const std::string longer = absl::StrCat(option, "s");
    EXPECT_EQ(ScopeOf(longer, absl::StrCat("'(", longer, ")")), "constant.other.symbol");
  }
}

TEST(TextMateTest, ColoursNamesThatAreDefined) {
  EXPECT_EQ(Shown("(define port 8080)"),
            "define|keyword.other.definition\n"
            "port|entity.name.variable\n"
            "8080|constant.numeric.integer\n");
  EXPECT_EQ(Shown("(define (f a . rest) a)"),
            "define|keyword.other.definition\n"
            "f|entity.name.function\n"
            "a|variable.parameter\n"
            ".|punctuation.separator.pair\n"
            "rest|variable.parameter\n"
            "a|meta.symbol\n");
  EXPECT_EQ(Shown("(define f\t(lambda (a) a))"),
            "define|keyword.other.definition\n"
            "f|entity.name.function\n"
            "lambda|keyword.control\n"
            "a|variable.parameter\n"
            "a|meta.symbol\n");
  EXPECT_EQ(Shown("(defmacro m (a) `(list ,a ,@b))"),
            "defmacro|keyword.other.definition\n"
            "m|entity.name.function\n"
            "a|variable.parameter\n"
            "`|keyword.operator.quasiquote\n"
            "list|support.function.builtin\n"
            ",|keyword.operator.unquote\n"
            "a|meta.symbol\n"
            ",@|keyword.operator.unquote-splicing\n"
            "b|meta.symbol\n");
  EXPECT_EQ(Shown("(let loop ((i 0)) i)"),
            "let|keyword.control\n"
            "loop|entity.name.function\n"
            "i|meta.symbol\n"
            "0|constant.numeric.integer\n"
            "i|meta.symbol\n");
}

TEST(TextMateTest, ColoursData) {
  EXPECT_EQ(Shown("\"a\\n\\x41;\\q\\\"\" '(if . #(2)) 'if ) "),
            "\"|string.quoted.double punctuation.definition.string.begin\n"
            "a|string.quoted.double\n"
            "\\n|string.quoted.double constant.character.escape\n"
            "\\x41;|string.quoted.double constant.character.escape\n"
            "\\q|string.quoted.double\n"
            "\\\"|string.quoted.double constant.character.escape\n"
            "\"|string.quoted.double punctuation.definition.string.end\n"
            "'|keyword.operator.quote\n"
            "if|constant.other.symbol\n"
            ".|punctuation.separator.pair\n"
            "#(|punctuation.section.vector.begin\n"
            "2|constant.numeric.integer\n"
            "'|keyword.operator.quote\n"
            "if|constant.other.symbol\n"
            ")|invalid.illegal.stray-close\n");
}

TEST(TextMateTest, LeavesOutWhatADatumCommentDoes) {
  const std::string out = "comment.block.datum";
  for (absl::string_view datum : {"b", "(b)", "( b (\")\" #\\) ) #;x )", "#(b)", "'(b)", ",@b",
                                  "\"b)\"", "#\\b", "#\\(", "-1"}) {
    const std::string text = absl::StrCat("(a #;", datum, " z)");
    for (const TextMateToken& token : Grammar().Of(text)) {
      const bool inside = token.begin >= 3 && token.begin < 5 + datum.size();
      EXPECT_EQ(absl::StartsWith(token.scopes, out), inside)
          << text << ": " << text.substr(token.begin, token.end - token.begin);
    }
    EXPECT_EQ(ScopeOf("z", text), "meta.symbol") << text;
  }
}

// What the reader says a word is.
std::string Read(absl::string_view word) {
  reml::Heap heap(1 << 20);
  SourceMap sources;
  Diagnostics diagnostics;
  const auto data = reml::Read(heap, sources, sources.Add("a", std::string(word)), diagnostics);
  if (!data || data->size() != 1) return "wrong";
  const reml::Value value = data->front().value;
  return value.is_int()     ? "constant.numeric.integer"
         : value.is_float() ? "constant.numeric.float"
         : value.is_bool()  ? "constant.language.boolean"
         : value.is_char()  ? "constant.character"
                            : "meta.symbol";
}

TEST(TextMateTest, KnowsConstantsAsTheReaderDoes) {
  std::set<std::string> kinds;
  for (absl::string_view word : absl::StrSplit(
           "0 42 -7 +7 1.5 -1.5 .5 -.5 1. 1e3 1E3 1e+3 1.5e-3 .5e3 1.e3 +.5 - + ... -- +- 1+ 1- "
           "1x x1 1e 1e+ .e3 . e3 1.2.3 0x1f #x1f 1/2 --1 +-1 1_0 #t #f #true #false #T #tr #tf "
           "#ff "
           "#a #\\a #\\space #\\newline #\\( #\\; #\\x41 #\\) #\\\" #\\# true nil :",
           ' ')) {
    const std::string expected = Read(word);
    if (expected == "wrong") continue;                        // a dot
    if (word == "+" || word == "-" || word == ":") continue;  // words of the language; a keyword
    EXPECT_EQ(ScopeOf(word, word), expected) << word;
    EXPECT_EQ(ScopeOf(word, absl::StrCat("(x ", word, ")")), expected) << word;
    kinds.insert(expected);
  }
  EXPECT_EQ(kinds.size(), 5u);
}

// Comments, strings, characters and words begin and end where the lexer says, whatever the text.
TEST(TextMateTest, AgreesWithTheLexer) {
  const std::vector<std::string> pieces = {"(",      ")",
                                           "'",      "`",
                                           ",",      ",@",
                                           "\"",     "\\",
                                           ";",      "#",
                                           "|",      "#(",
                                           "#|",     "|#",
                                           "#\\",    " ",
                                           " ",      "\n",
                                           "a",      "if",
                                           "define", "1.5",
                                           ":x",     "λ",
                                           "'(port", "(define-service",
                                           "#\\(",   "\"b\"",
                                           ".",      "let"};
  std::mt19937 random(20260101);
  size_t tokens = 0;
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    while (text.size() < 40) text += pieces[random() % pieces.size()];
    // What #; leaves out has a colour of its own; #\ at the end of a line takes the next one.
    if (absl::StrContains(text, "#;") || absl::StrContains(text, "#\\\n")) continue;
    std::vector<std::string> scopes(text.size());
    std::vector<bool> begins(text.size() + 1);
    begins[text.size()] = true;
    for (const TextMateToken& token : Grammar().Of(text)) {
      for (size_t i = token.begin; i < token.end; ++i) scopes[i] = token.scopes;
      begins[token.begin] = true;
    }
    reml::Lexer lexer(text);
    for (reml::Token token = lexer.Next(); token.kind != reml::TokenKind::kEnd;
         token = lexer.Next()) {
      ++tokens;
      ASSERT_TRUE(begins[token.begin]) << text << "\n@" << token.begin;
      for (size_t i = token.begin; i < token.end; ++i) {
        const std::string& scope = scopes[i];
        if (scope.empty() && reml::IsBlank(text[i])) continue;
        ASSERT_EQ(absl::StrContains(scope, "comment"), token.comment()) << text << "\n@" << i;
        ASSERT_EQ(absl::StrContains(scope, "string."), token.kind == reml::TokenKind::kString)
            << text << "\n@" << i;
        ASSERT_EQ(
            absl::StrContains(scope, "constant.character") && !absl::StrContains(scope, "escape"),
            token.kind == reml::TokenKind::kCharacter)
            << text << "\n@" << i;
        if (token.kind == reml::TokenKind::kWord && i > token.begin) {
          ASSERT_FALSE(begins[i]) << text << "\n@" << i;
        }
      }
    }
  }
  EXPECT_GT(tokens, 7000u);
}

TEST(TextMateTest, IsTheSameEachTime) {
  EXPECT_EQ(TextMateGrammar(Groups()), TextMateGrammar(GroupWords(Vocabulary::Get())));
}

}  // namespace
}  // namespace pelagos
