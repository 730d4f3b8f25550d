// The session as a person has it.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "pelagos/cli/reml/repl_testing.h"

namespace pelagos::cli {
namespace {

constexpr char kPrompt[] = "reml> ";

TEST(ReplPtyTest, EvaluatesAndGoesOnAfterErrors) {
  Terminal terminal;
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(+ 40 2)\n");
  ASSERT_TRUE(terminal.Sees("\r\n42\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(car 5)\n");
  ASSERT_TRUE(terminal.Sees("<repl:2>:1:6: error: car: expected pair, got int\r\n1 | (car 5)"));
  terminal.Type("(list _ _)\n");
  ASSERT_TRUE(terminal.Sees("\r\n(42 42)\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(define (f) 'x) (f) (f)\n");
  ASSERT_TRUE(terminal.Sees("\r\nx\r\nx\r\n"));
  terminal.Leave();
}

TEST(ReplPtyTest, AnInputOfSeveralLinesIsOneOfTheHistory) {
  Terminal terminal;
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(list 1\n");
  ASSERT_TRUE(terminal.Sees("...   "));
  terminal.Type("\"a\n");
  ASSERT_TRUE(terminal.Sees("...   "));
  terminal.Type("b\")\n");
  ASSERT_TRUE(terminal.Sees("\r\n(1 \"a\\nb\")\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("\x1b[A");
  ASSERT_TRUE(terminal.Sees("(list 1"));
  ASSERT_TRUE(terminal.Sees("b\")"));
  terminal.Type("\n");
  ASSERT_TRUE(terminal.Sees("\r\n(1 \"a\\nb\")\r\n"));
  terminal.Leave();
  std::ifstream file(terminal.history());
  const std::string kept(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(kept, "(list 1\\n\"a\\nb\")\n,quit\n");
}

TEST(ReplPtyTest, TheNextSessionHasTheHistory) {
  Terminal first;
  ASSERT_TRUE(first.Sees(kPrompt));
  first.Type("(* 6 7)\n");
  ASSERT_TRUE(first.Sees("\r\n42\r\n"));
  first.Leave();
  struct stat info = {};
  ASSERT_EQ(::stat(first.history().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);

  How how;
  how.home = first.home();
  Terminal second(how);
  ASSERT_TRUE(second.Sees(kPrompt));
  second.Type("\x10\x10");  // Ctrl-P: ,quit and what was before it
  ASSERT_TRUE(second.Sees("(* 6 7)"));
  second.Type("\n");
  ASSERT_TRUE(second.Sees("\r\n42\r\n"));
  second.Leave();
}

TEST(ReplPtyTest, CompletesWithTheTabKey) {
  Terminal terminal;
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(string-pad-l\t\"a\" 3)\n");
  ASSERT_TRUE(terminal.Sees("\r\n\"  a\"\r\n"));
  // What all have in common, then the list.
  terminal.Type("(string-pa\t");
  ASSERT_TRUE(terminal.Sees("(string-pa"));
  terminal.Type("\t");
  ASSERT_TRUE(terminal.Sees("\nstring-pad-left"));
  ASSERT_TRUE(terminal.Sees("string-pad-right"));
  ASSERT_TRUE(terminal.Sees("reml> (string-pad-"));
  terminal.Type("right \"a\" 3)\n");
  ASSERT_TRUE(terminal.Sees("\r\n\"a  \"\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(define my-own-name 77)\nmy-ow\t\n");
  ASSERT_TRUE(terminal.Sees("\r\n77\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type(",he\t\n");
  ASSERT_TRUE(terminal.Sees(",apropos TEXT"));
  terminal.Leave();
}

TEST(ReplPtyTest, TellsWhatNamesMean) {
  Terminal terminal;
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type(",doc substring\n");
  ASSERT_TRUE(terminal.Sees("substring: procedure\r\n"));
  ASSERT_TRUE(terminal.Sees("(substring \"hello\" 2)  ; => \"llo\"\r\n"));
  terminal.Type(",dok car\n");
  ASSERT_TRUE(terminal.Sees("no command ',dok'; did you mean ',doc'?"));
  terminal.Leave();
}

TEST(ReplPtyTest, CtrlCDropsAnInputAndStopsALoop) {
  Terminal terminal;
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(list 1\n");
  ASSERT_TRUE(terminal.Sees("...   "));
  terminal.Type("2 3");
  ASSERT_TRUE(terminal.Sees("2 3"));
  terminal.Type("\x03");
  ASSERT_TRUE(terminal.Sees("^C\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  for (const absl::string_view endless :
       {"(begin (display \"on\\n\") (let loop () (loop)))",
        "(begin (display \"on\\n\") (sleep 1000))",
        "(begin (display \"on\\n\") (await-port \"127.0.0.1\" 1 1000))"}) {
    terminal.Type(absl::StrCat(endless, "\n"));
    ASSERT_TRUE(terminal.Sees("\r\non\r\n"));
    terminal.Signal(SIGINT);
    ASSERT_TRUE(terminal.Sees("error: interrupted"));
    ASSERT_TRUE(terminal.Sees(kPrompt));
  }
  terminal.Type("(+ 1 1)\n");
  ASSERT_TRUE(terminal.Sees("\r\n2\r\n"));
  terminal.Leave();
}

TEST(ReplPtyTest, CtrlDLeaves) {
  Terminal terminal;
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("\x04");
  const int status = terminal.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_TRUE(terminal.AsBefore());
}

TEST(ReplPtyTest, SignalsThatEndItLeaveTheTerminalAsItWas) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    {
      Terminal terminal;
      ASSERT_TRUE(terminal.Sees(kPrompt));
      terminal.Type("(half");
      ASSERT_TRUE(terminal.Sees("(half"));
      EXPECT_FALSE(terminal.AsBefore());
      terminal.Signal(signal);
      const int status = terminal.Wait();
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
      EXPECT_TRUE(terminal.AsBefore());
    }
    {
      Terminal terminal;
      ASSERT_TRUE(terminal.Sees(kPrompt));
      terminal.Type("(begin (display (string-append \"o\" \"n\")) (sleep 1000))\n");
      ASSERT_TRUE(terminal.Sees("\r\non"));
      EXPECT_TRUE(terminal.AsBefore());
      terminal.Signal(signal);
      const int status = terminal.Wait();
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
      EXPECT_TRUE(terminal.AsBefore());
    }
  }
}

TEST(ReplPtyTest, AnyCharacterCanBeTyped) {
  Terminal terminal;
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(string-length \"añ€🐚\")\n");
  ASSERT_TRUE(terminal.Sees("añ€🐚"));
  ASSERT_TRUE(terminal.Sees("\r\n4\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type(
      "\"é\x7f"
      "ü\"\n");  // Backspace takes a character, not a byte
  ASSERT_TRUE(terminal.Sees("\r\n\"ü\"\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("\"\xff\xc3(\"\n");
  ASSERT_TRUE(terminal.Sees("\r\n\"\xef\xbf\xbd"));
  terminal.Leave();
}

TEST(ReplPtyTest, ANarrowWindow) {
  How how;
  how.columns = 20;
  Terminal terminal(how);
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(string-append \"0123456789\" \"abcdefghijklmnop\")\n");
  ASSERT_TRUE(terminal.Sees("\r\n\"0123456789abcdefghijklmnop\"\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(string-pad-\t");
  ASSERT_TRUE(terminal.Sees("string-pad-left\r\nstring-pad-right\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Resize(60);
  terminal.Type("\x15(+ 2 3)\n");
  ASSERT_TRUE(terminal.Sees("\r\n5\r\n"));
  terminal.Leave();
}

TEST(ReplPtyTest, ATerminalThatCanDoNothingGetsNoEscapes) {
  How how;
  how.term = "dumb";
  Terminal terminal(how);
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(list 1\n");
  ASSERT_TRUE(terminal.Sees("...   "));
  terminal.Type("2)\n");
  ASSERT_TRUE(terminal.Sees("\r\n(1 2)\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(list");
  terminal.Type("\x03");
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(+ 3 4)\n");
  ASSERT_TRUE(terminal.Sees("\r\n7\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("\x04");
  EXPECT_EQ(terminal.Wait(), 0);
  EXPECT_FALSE(absl::StrContains(terminal.all(), "\x1b"));
  EXPECT_TRUE(terminal.AsBefore());
}

TEST(ReplPtyTest, WithoutAHomeThereIsANote) {
  How how;
  how.no_home = true;
  Terminal terminal(how);
  ASSERT_TRUE(terminal.Sees("note: no history is kept: HOME is not set\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Leave();
  how = {};
  how.home = "/proc/nowhere";
  Terminal other(how);
  ASSERT_TRUE(other.Sees("note: no history is kept: "));
  ASSERT_TRUE(other.Sees(kPrompt));
  other.Type("(+ 1 2)\n\x10\n");  // the session has one all the same
  ASSERT_TRUE(other.Sees("\r\n3\r\n"));
  ASSERT_TRUE(other.Sees("\r\n3\r\n"));
  other.Leave();
}

TEST(ReplPtyTest, FilesComeFirst) {
  How how;
  const std::string good = absl::StrCat(testing::TempDir(), "/good.reml");
  std::ofstream(good) << "(define from-file 5)\n'nothing-is-printed\n";
  how.files = {good, "/nowhere.reml"};
  Terminal terminal(how);
  ASSERT_TRUE(terminal.Sees("error: open('/nowhere.reml'): No such file or directory\r\n"));
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(* 2 from-file)\n");
  ASSERT_TRUE(terminal.Sees("\r\n10\r\n"));
  EXPECT_FALSE(absl::StrContains(terminal.all(), "nothing-is-printed"));
  terminal.Leave();
}

TEST(ReplPtyTest, StopsAndGoesOn) {
  How how;
  how.under_shell = true;
  Terminal terminal(how);
  ASSERT_TRUE(terminal.Sees(kPrompt));
  terminal.Type("(+ 20");
  ASSERT_TRUE(terminal.Sees("(+ 20"));
  EXPECT_FALSE(terminal.AsBefore());
  terminal.Type("\x1a");
  ASSERT_TRUE(terminal.Stopped());
  EXPECT_TRUE(terminal.AsBefore());
  terminal.Signal(SIGCONT);
  ASSERT_TRUE(terminal.Sees("(+ 20"));
  terminal.Type(" 5)\n");
  ASSERT_TRUE(terminal.Sees("\r\n25\r\n"));
  terminal.Leave();
}

}  // namespace
}  // namespace pelagos::cli
