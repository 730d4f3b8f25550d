#include "pelagos/cli/reml/repl_session.h"

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "pelagos/cli/reml/repl.h"
#include "pelagos/cli/reml/repl_complete.h"
#include "pelagos/cli/reml/repl_input.h"
#include "pelagos/cli/reml/testing.h"
#include "pelagos/reml/syntax_tree.h"

namespace pelagos::cli {
namespace {

using State = ReplSession::State;

// A session whose streams are texts.
class Bench {
 public:
  explicit Bench(ReplSession::Options options = {}) : session({in_, out_, err_}, options) {}

  // What the line prints, errors included.
  std::string Feed(absl::string_view line) {
    state = session.Feed(line);
    const std::string text = out_.str() + err_.str();
    out_.str("");
    err_.str("");
    return text;
  }
  std::vector<std::string> Labels(absl::string_view line) {
    return CompleteInput(session, line).labels;
  }

 private:
  std::istringstream in_;
  std::ostringstream out_, err_;

 public:
  ReplSession session;
  State state = State::kReady;
};

TEST(PendingInputTest, WaitsForWhatIsOpen) {
  const auto complete = [](const std::vector<std::string>& lines) {
    PendingInput input;
    for (const std::string& line : lines) input.Add(line);
    return input.complete();
  };
  for (const std::vector<std::string>& lines :
       std::vector<std::vector<std::string>>{{"1"},
                                             {"(a)"},
                                             {"(a", "b)"},
                                             {"\"a", "b\""},
                                             {"#| a", "(|#"},
                                             {"'", "a"},
                                             {")"},
                                             {"(a))"},
                                             {"(a) (b)"},
                                             {"; (("},
                                             {"#;", "a"},
                                             {"#\\("},
                                             {"#\\"},
                                             {"\"(\""},
                                             {"#| #| |#", "|#"},
                                             {"(a ; )", ")"},
                                             {"\"\\", "\""},
                                             {"#(1", "2)"}}) {
    EXPECT_TRUE(complete(lines)) << lines[0];
  }
  for (const std::vector<std::string>& lines :
       std::vector<std::vector<std::string>>{{"("},
                                             {"(a", "b"},
                                             {"\"a"},
                                             {"\"a", "b\\\""},
                                             {"#| a"},
                                             {"#| #| |#"},
                                             {"'"},
                                             {"#;"},
                                             {"`", "; a"},
                                             {"(a ; )"},
                                             {"#("},
                                             {"(#\\)"},
                                             {"(a) (b"}}) {
    EXPECT_FALSE(complete(lines)) << lines[0];
  }
  // Each line is looked at once.
  PendingInput many;
  many.Add("(list");
  for (int i = 0; i < 200'000; ++i) many.Add("(a b)");
  EXPECT_FALSE(many.complete());
  many.Add(")");
  EXPECT_TRUE(many.complete());
}

// What the tree calls balanced never waits, and what waits is not balanced.
TEST(PendingInputTest, AgreesWithTheTree) {
  constexpr absl::string_view kLetters = "()()'\"#|;\\ a\n\n,@`";
  std::mt19937 random(4);
  size_t waiting = 0, balanced = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (size_t size = random() % 12; size > 0; --size)
      text += kLetters[random() % kLetters.size()];
    PendingInput input;
    for (absl::string_view line : absl::StrSplit(text, '\n')) input.Add(line);
    ASSERT_EQ(input.text(), text);
    const bool fine = reml::SyntaxTree(text).balanced();
    ASSERT_TRUE(input.complete() || !fine) << absl::CEscape(text);
    waiting += input.complete() ? 0 : 1;
    balanced += fine ? 1 : 0;
  }
  EXPECT_GT(waiting, 1000u);
  EXPECT_GT(balanced, 1000u);
}

TEST(ReplSessionTest, PrintsValuesButNotThoseOfDefinitions) {
  Bench bench;
  EXPECT_EQ(bench.Feed("(+ 1 2)"), "3\n");
  EXPECT_EQ(bench.Feed("(define x 4)"), "");
  EXPECT_EQ(bench.Feed("x \"a\" '() (define y 5) (* x y)"), "4\n\"a\"\n()\n20\n");
  EXPECT_EQ(bench.Feed("(list _ _)"), "(20 20)\n");
  EXPECT_EQ(bench.Feed(""), "");
  EXPECT_EQ(bench.Feed("; nothing"), "");
  EXPECT_EQ(bench.Feed("(display \"hi\")"), "hi()\n");
  EXPECT_EQ(bench.Feed("(service \"a\" '(image \"busybox\"))"), "#<service:a>\n");
}

TEST(ReplSessionTest, AnInputOfSeveralLines) {
  Bench bench;
  std::vector<std::string> inputs;
  bench.session.set_on_input([&](const std::string& input) { inputs.push_back(input); });
  EXPECT_EQ(bench.Feed("(define (f x)"), "");
  EXPECT_EQ(bench.state, State::kMore);
  EXPECT_EQ(bench.Feed(""), "");
  EXPECT_EQ(bench.Feed("  ,doc car"), "");  // in a form it is no command
  EXPECT_EQ(bench.Feed("  1)"), "");
  EXPECT_EQ(bench.state, State::kReady);
  EXPECT_EQ(bench.Feed("(list 1"), "");
  bench.session.Drop();
  EXPECT_EQ(bench.Feed("7"), "7\n");
  bench.Feed(" ,help ");
  EXPECT_EQ(inputs, (std::vector<std::string>{"(define (f x)\n\n  ,doc car\n  1)", "7", ",help"}));
}

TEST(ReplSessionTest, ErrorsSayWhereAndItGoesOn) {
  ReplSession::Options options;
  options.limits.depth = 10'000;
  options.limits.bytes = size_t{32} << 20;
  Bench bench(options);
  EXPECT_EQ(bench.Feed("(car 5)"),
            "<repl:1>:1:6: error: car: expected pair, got int\n1 | (car 5)\n  |      ^\n");
  EXPECT_EQ(bench.Feed("1 (nothing-such) 2"),
            "1\n2\n<repl:2>:1:4: error: unbound variable: nothing-such\n1 | 1 (nothing-such) 2\n"
            "  |    ^^^^^^^^^^^^\n");
  EXPECT_EQ(bench.Feed("1 )"),
            "<repl:3>:1:3: error: unexpected ')'\n1 | 1 )\n  |   ^ no '(' is open\n");
  for (const absl::string_view wrong :
       {"(define (deep n) (+ 1 (deep n))) (deep 1)", "(raise 'a)", "#\\bogus", "(service 'a)",
        "(1 . )", "\xff", "(let loop ((s \"aaaaaaaa\")) (loop (string-append s s)))"}) {
    EXPECT_TRUE(absl::StrContains(bench.Feed(wrong), " error: ")) << wrong;
    EXPECT_EQ(bench.Feed("(+ 20 3)"), "23\n");
  }
}

TEST(ReplSessionTest, AnyDepthIsFine) {
  Bench bench;
  constexpr size_t kDepth = 50'000;
  const std::string deep = std::string(kDepth, '(') + std::string(kDepth, ')');
  EXPECT_TRUE(absl::StrContains(bench.Feed(deep), "error: "));
  EXPECT_EQ(bench.Feed("'" + deep).size(), 2 * kDepth + 1);
  bench.Feed(std::string(kDepth, '('));
  EXPECT_EQ(bench.state, State::kMore);
}

TEST(ReplSessionTest, Commands) {
  Bench bench;
  EXPECT_TRUE(absl::StartsWith(bench.Feed(",doc car"), "car: procedure\n"));
  EXPECT_TRUE(absl::StrContains(bench.Feed(",doc"), "Numbers\n"));
  EXPECT_EQ(bench.Feed(",doc crr"), "error: nothing is called 'crr'; did you mean 'car'?\n");
  EXPECT_TRUE(absl::StrContains(bench.Feed(",apropos substring"), "substring "));
  EXPECT_EQ(bench.Feed(",apropos"), "error: it is ,apropos TEXT\n");
  EXPECT_EQ(bench.Feed(",quit now"), "error: it is ,quit\n");
  EXPECT_EQ(bench.Feed(",quti"), "error: no command ',quti'; did you mean ',quit'?\n");
  EXPECT_EQ(bench.Feed(",\x1b"), "error: no command ',\\033'; see ,help\n");
  const std::string help = bench.Feed(",help");
  for (const ReplSession::Command& command : ReplSession::Commands()) {
    EXPECT_TRUE(absl::StrContains(help, absl::StrCat("\n  ,", command.name)));
  }
  EXPECT_EQ(bench.Feed(",time (+ 1"), "");
  EXPECT_EQ(bench.state, State::kMore);
  EXPECT_TRUE(absl::StartsWith(bench.Feed("2)"), "3\ntook "));
  bench.Feed(",quit");
  EXPECT_EQ(bench.state, State::kQuit);
}

TEST(ReplSessionTest, LoadsFiles) {
  Bench bench;
  const std::string path = absl::StrCat(testing::TempDir(), "/loaded.reml");
  std::ofstream(path) << "(define loaded 6)\nloaded\n";
  EXPECT_EQ(bench.Feed(absl::StrCat(",load ", path)), "");
  EXPECT_EQ(bench.Feed("loaded"), "6\n");
  std::ofstream(path) << "\n(car loaded)";
  EXPECT_EQ(bench.Feed(absl::StrCat(",load ", path)),
            absl::StrCat(path,
                         ":2:6: error: car: expected pair, got int\n2 | (car loaded)\n"
                         "  |      ^^^^^^\n"));
  EXPECT_EQ(bench.Feed(",load /nowhere"), "error: open('/nowhere'): No such file or directory\n");
  EXPECT_EQ(bench.Feed(",load /dev/zero"), "error: '/dev/zero' is no regular file\n");
}

TEST(ReplCompleteTest, WordsOfTheLanguageAndOfTheSession) {
  Bench bench;
  bench.Feed("(define string-mine 1) (defmacro mymac () 1) (define-record-type p (make-p) p?)");
  EXPECT_EQ(bench.session.names(),
            (std::vector<std::string>{"make-p", "mymac", "p", "p?", "string-mine"}));
  using Names = std::vector<std::string>;
  EXPECT_EQ(bench.Labels("(string-pad"), (Names{"string-pad-left", "string-pad-right"}));
  EXPECT_EQ(CompleteInput(bench.session, "(string-pad").common, "string-pad-");
  EXPECT_EQ(CompleteInput(bench.session, "(f 'string-pad").word, "string-pad");
  EXPECT_EQ(bench.Labels("(string-mi"), Names{"string-mine"});
  EXPECT_EQ(bench.Labels("(mym"), Names{"mymac"});
  EXPECT_EQ(bench.Labels("no-such-na"), Names{});
  EXPECT_GT(bench.Labels("").size(), 300u);
  // Options.
  EXPECT_EQ(bench.Labels("(service \"a\" '(imag"), Names{"image"});
  EXPECT_EQ(bench.Labels("(service \"a\" '( imag"), Names{"image"});
  EXPECT_EQ(bench.Labels("(define-service a \"a\" :imag"), Names{":image"});
  EXPECT_EQ(bench.Labels("(imag"), Names{});
  // Names of an input that is not complete, and of services of earlier ones.
  EXPECT_EQ(bench.Labels("(let ((local-name 1)) loc"), Names{"local-name"});
  bench.Feed("(define-service database \"database\" :image \"redis\")");
  EXPECT_EQ(bench.Labels("(service \"a\" '(depends-on \"data"), Names{"database"});
  // Commands and what follows them.
  EXPECT_EQ(bench.Labels(",he"), Names{"help"});
  EXPECT_EQ(bench.Labels(",doc imag"), Names{"image"});
  EXPECT_EQ(bench.Labels(",doc :imag"), Names{":image"});
  EXPECT_EQ(bench.Labels(",load string-pad"), Names{});
  EXPECT_EQ(bench.Labels(",time (string-pad-l"), Names{"string-pad-left"});
  // Where no name stands.
  EXPECT_EQ(bench.Labels("\"string-pad"), Names{});
  EXPECT_EQ(bench.Labels("; string-pad"), Names{});
  bench.Feed("(list \"a");
  EXPECT_EQ(bench.Labels("string-pad"), Names{});
  EXPECT_EQ(bench.Labels("b\" string-pad-l"), Names{"string-pad-left"});
  EXPECT_EQ(bench.Labels(",he"), Names{});
}

Answer Pipe(const std::string& text, const std::vector<std::string>& words = {}) {
  return Type(ReplCommands().front(), ReplOverStreams, words, text);
}

TEST(ReplOverStreamsTest, AllFormsAndTheirValues) {
  const Answer good = Pipe("(define x 3)\n(* x x)\n\n(list x\n  \"a\") 'b");
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.out, "9\n(3 \"a\")\nb\n");
  EXPECT_EQ(good.err, "");
  const Answer bad = Pipe("1\n(car 5)\n2\n");
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.out, "1\n2\n");
  EXPECT_EQ(bad.err, "<stdin>:2:6: error: car: expected pair, got int\n2 | (car 5)\n  |      ^\n");
  const Answer unread = Pipe("1\n(car");
  EXPECT_EQ(unread.code, 1);
  EXPECT_EQ(unread.out, "");
  EXPECT_EQ(unread.err, "<stdin>:2:1: error: unmatched '('\n2 | (car\n  | ^\n");
  EXPECT_EQ(Pipe("").code, 0);
  EXPECT_EQ(Pipe("1", {"/nowhere.reml"}).code, 1);
}

}  // namespace
}  // namespace pelagos::cli
