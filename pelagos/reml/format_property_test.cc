// What holds for formatting whatever the program: the programs of this repository, and generated
// ones.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/reml/format_properties.h"
#include "pelagos/reml/testing.h"

namespace pelagos::reml {
namespace {

namespace fs = std::filesystem;

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// All that the test was given, below `folder`.
std::set<fs::path> Programs(const fs::path& folder) {
  std::set<fs::path> programs;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink)) {
    if (entry.path().extension() == ".reml") programs.insert(entry.path());
  }
  return programs;
}

TEST(FormatPropertyTest, ProgramsOfTheRepository) {
  size_t formatted = 0;
  for (const fs::path& path : Programs(".")) {
    const std::string text = Content(path);
    EXPECT_EQ(WrongFormat(text), "") << path;
    EXPECT_EQ(WrongFormat(text, 40), "") << path;
    formatted += Format(SyntaxTree(text)).has_value() ? 1 : 0;
  }
  std::cout << formatted << " programs\n";
  EXPECT_GE(formatted, 350u);
}

// What we show to others. The other programs are there for their mistakes, or their places count.
TEST(FormatPropertyTest, OursAreLaidOut) {
  std::set<fs::path> programs = {"compose.reml", "pelagos/reml/stdlib.reml"};
  for (const char* folder :
       {"benchmarks/reml/programs", "tests/golden/plans", "tests/rooted/testdata"}) {
    for (const fs::path& path : Programs(folder)) programs.insert(path);
  }
  EXPECT_GE(programs.size(), 16u);
  for (const fs::path& path : programs) {
    const std::string text = Content(path);
    EXPECT_EQ(Format(SyntaxTree(text)), text) << path << ": use `pelagos reml fmt`";
  }
}

// What a program prints, and how it ends.
std::string Outcome(const std::string& text) {
  TestBench bench;
  const std::string value = bench.Eval(text);
  return absl::StrCat(bench.output, "\n", value);
}

TEST(FormatPropertyTest, ProgramsDoTheSame) {
  size_t programs = 0;
  for (const fs::path& path : Programs("pelagos/reml/testdata/conformance")) {
    const std::string text = Content(path);
    for (const size_t width : {kFormatWidth, size_t{30}}) {
      const std::optional<std::string> formatted = Format(SyntaxTree(text), width);
      if (!formatted) continue;  // c24 ends too early
      EXPECT_EQ(Outcome(*formatted), Outcome(text)) << path;
      ++programs;
    }
  }
  EXPECT_EQ(programs, 30u);
}

// Well-formed programs with comments wherever they may be, odd spacing and long lists.
class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  std::string Program() {
    text_.clear();
    if (OneIn(4)) Space();
    const size_t forms = 1 + Below(4);
    for (size_t i = 0; i < forms; ++i) {
      Datum(OneIn(20) ? 60 : 4);
      Space();
      if (OneIn(2)) text_ += "\n";
    }
    return text_;
  }

 private:
  size_t Below(size_t limit) { return random_() % limit; }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <size_t kSize>
  const char* Any(const char* const (&words)[kSize]) {
    return words[Below(kSize)];
  }

  // At least one blank.
  void Space() {
    switch (Below(23)) {
      case 0:
        text_ += "\n\n\n";
        return;
      case 1:
        text_ += "\t ";
        return;
      case 2:
        text_ += Any({" ; note\n", ";\n", "\n  ;; two words  \n", " ; é漢\n\n", "\r\n",
                      " ; a comment that is as long as a line of a program is in most cases\n"});
        return;
      case 3:
        text_ += Any({" #| block |# ", "\n#| two\n  lines |#\n", " #| in |#\n", "\n#||# "});
        return;
      case 4:
        text_ += " #;";
        if (OneIn(3)) Space();
        Datum(2);
        text_ += " ";
        return;
      case 8: {  // a comment that goes on below
        text_ += " ";
        const size_t column =
            CountCharacters(text_) - CountCharacters(text_.substr(0, text_.rfind('\n') + 1));
        text_ += "; more\n" + std::string(column, ' ') + Any({"; of it\n", ";\n", "; é\n\n"});
        return;
      }
      case 5:
      case 6:
      case 7:
        text_ += "\n";
        text_.append(Below(8), ' ');
        return;
      default:
        text_ += " ";
    }
  }
  void MaybeSpace() {
    if (OneIn(8)) Space();
  }

  void Atom() {
    text_ += Any({"a",
                  "x",
                  "42",
                  "-1.5",
                  "#t",
                  ":key",
                  ":image",
                  "\"text\"",
                  "\"two\nlines\"",
                  "\"a text of some length, as they are found in programs\"",
                  "#\\a",
                  "#\\(",
                  "#\\ ",
                  "@b",
                  "é",
                  "a-word-that-is-rather-long",
                  "+",
                  "...",
                  "=>",
                  "else",
                  "#false",
                  "\"; no comment\"",
                  "list-of-services"});
  }

  void Head() {
    text_ += Any({"define",
                  "let",
                  "let*",
                  "lambda",
                  "cond",
                  "case",
                  "if",
                  "when",
                  "do",
                  "guard",
                  "begin",
                  "list",
                  "service",
                  "define-service",
                  "define-record-type",
                  "f",
                  "map",
                  "string-append",
                  "call-with-values",
                  "quote",
                  "define-syntax",
                  "syntax-rules",
                  "with-cleanup",
                  "define-run",
                  "else",
                  "case-lambda",
                  "parameterize"});
  }

  void Datum(size_t depth) {
    if (depth == 0 || OneIn(4)) return Atom();
    if (OneIn(7)) {
      text_ += Any({"'", "`", ",", ",@", "' ", ", "});
      MaybeSpace();
      return Datum(depth - 1);
    }
    text_ += OneIn(12) ? "#(" : "(";
    MaybeSpace();
    if (OneIn(2)) {
      Head();
      Space();
    }
    // Nesting deeply or widely, not both.
    const size_t elements = depth > 8 ? 1 + Below(2) : OneIn(30) ? 40 : Below(6);
    for (size_t i = 0; i < elements; ++i) {
      Datum(depth > 8 && i > 0 ? 0 : depth - 1);
      if (i + 1 < elements) Space();
    }
    MaybeSpace();
    text_ += ")";
  }

  std::mt19937 random_;
  std::string text_;
};

TEST(FormatPropertyTest, GeneratedPrograms) {
  size_t bytes = 0;
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    const std::string text = Generator(seed).Program();
    bytes += text.size();
    ASSERT_TRUE(SyntaxTree(text).balanced()) << text;
    for (const size_t width : {kFormatWidth, size_t{20}}) {
      ASSERT_EQ(WrongFormat(text, width), "") << "seed " << seed << ", width " << width;
    }
  }
  std::cout << bytes << " bytes\n";
}

// Without breaks of an author everything is ours.
TEST(FormatPropertyTest, GeneratedLines) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    std::string text = Generator(seed).Program();
    std::string line;
    Lexer lexer(text);
    for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
      const std::string word = text.substr(token.begin, token.end - token.begin);
      if (token.comment() || word.find('\n') != std::string::npos) continue;
      absl::StrAppend(&line, word, " ");
    }
    for (const size_t width : {kFormatWidth, size_t{20}}) {
      ASSERT_EQ(WrongFormat(line, width), "") << "seed " << seed << ", width " << width;
    }
  }
}

}  // namespace
}  // namespace pelagos::reml
