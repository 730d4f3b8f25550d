#include "pelagos/cli/reml/eval.h"

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/base/sha256.h"
#include "pelagos/cli/reml/testing.h"

namespace pelagos::cli {
namespace {

// As if typed after `pelagos`: the command and what follows it.
Answer Type(absl::string_view name, const std::vector<std::string>& words,
            const std::string& typed = "") {
  for (const Command& command : EvalCommands()) {
    if (command.name != name) continue;
    return Type(command, name == "reml eval" ? EvaluateReml : ListRemlInputs, words, typed);
  }
  ADD_FAILURE() << name;
  return {};
}

Answer Eval(const std::vector<std::string>& words, const std::string& typed = "") {
  return Type("reml eval", words, typed);
}

std::string InFile(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::ofstream(path) << text;
  return path;
}

TEST(RemlEvalTest, AllMistakesOfTheForms) {
  EXPECT_EQ(Eval({"-e", "(list (service 'a) (network 'n '(x 1)))"}),
            (Answer{1, "",
                    "-e:1:7: error: service 'a': missing (image ...) option\n"
                    "1 | (list (service 'a) (network 'n '(x 1)))\n"
                    "  |       ^^^^^^^^^^^^ say what it runs: '(image \"busybox\")\n"
                    "-e:1:34: error: network: unknown option 'x'\n"
                    "1 | (list (service 'a) (network 'n '(x 1)))\n"
                    "  |                                  ^ the only option is subnet\n"}));
}

TEST(RemlEvalTest, FuturesAreValuesAndNothingIsStarted) {
  const std::string service = "(define-service db \"db\" :image \"redis\")";
  EXPECT_EQ(Eval({"-e", service, "-e", "(then (start db) list)"}),
            (Answer{0, "#<future:db-then after:1>\n", ""}));
  EXPECT_EQ(Eval({"-e", service, "-e", "(container-start db)"}),
            (Answer{1, "",
                    "-e:2:18: error: containers cannot be started from a program yet: describe "
                    "them with compose and compose-up\n"
                    "2 | (container-start db)\n"
                    "  |                  ^^\n"}));
}

TEST(RemlEvalTest, PrintsTheLastValue) {
  EXPECT_EQ(Eval({"-e", "(+ 1 2)"}), (Answer{0, "3\n", ""}));
  EXPECT_EQ(Eval({"-e", "1 (list \"a\" 'b 2.0)"}), (Answer{0, "(\"a\" b 2.0)\n", ""}));
  EXPECT_EQ(Eval({"-e", "(define x 4)", "-e", "(* x x)"}), (Answer{0, "16\n", ""}));
  EXPECT_EQ(Eval({"-"}, "(string-append \"a\" \"b\")"), (Answer{0, "\"ab\"\n", ""}));
  EXPECT_EQ(Eval({InFile("value.reml", "(iota 3)\n")}), (Answer{0, "(0 1 2)\n", ""}));
  EXPECT_EQ(Eval({"-e", "'()"}), (Answer{0, "()\n", ""}));
  EXPECT_EQ(Eval({"-e", ""}), (Answer{0, "()\n", ""}));
}

TEST(RemlEvalTest, TheValueAsJson) {
  EXPECT_EQ(Eval({"--json", "-e", "(list 1 2.5 \"a\" #t)"}),
            (Answer{0, "[1,2.5,\"a\",true]\n", ""}));
  EXPECT_EQ(Eval({"--json", "-e", "'((\"b\" . 1) (\"a\" . ()))"}),
            (Answer{0, "{\"b\":1,\"a\":[]}\n", ""}));
  EXPECT_EQ(Eval({"--json", "-e", "(define x 1)"}), (Answer{0, "", ""}));
  const Answer refused = Eval({"--json", "-e", "car"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("error: the value cannot be JSON: "), std::string::npos) << refused;
}

TEST(RemlEvalTest, PrintsNothingForADefinition) {
  EXPECT_EQ(Eval({"-e", "(define x 1)"}), (Answer{0, "", ""}));
  EXPECT_EQ(Eval({"-e", "1 (define (f) 2)"}), (Answer{0, "", ""}));
  EXPECT_EQ(Eval({"-e", "(defmacro m () 1)"}), (Answer{0, "", ""}));
  EXPECT_EQ(Eval({"-e", "(define-service web \"web\" :image \"busybox\")"}), (Answer{0, "", ""}));
  EXPECT_EQ(Eval({"-e", "(import (scheme base))"}), (Answer{0, "", ""}));
  EXPECT_EQ(Eval({"-e", "(reml-version 1)"}), (Answer{0, "", ""}));
  EXPECT_EQ(Eval({"-e", "(define x 1) '()"}), (Answer{0, "()\n", ""}));
}

TEST(RemlEvalTest, OutputAndLogGoTheirOwnWays) {
  EXPECT_EQ(Eval({"-e", "(display \"hello\") (newline) 1"}), (Answer{0, "hello\n1\n", ""}));
  EXPECT_EQ(Eval({"-e", "(log \"a\" 1)"}), (Answer{0, "()\n", "[lisp] a 1\n"}));
}

TEST(RemlEvalTest, AStackIsAValueToo) {
  EXPECT_EQ(Eval({"-e", "(compose-up (compose (list (service \"a\" '(image \"busybox\")))))"}),
            (Answer{0, "()\n", ""}));
  EXPECT_EQ(Eval({"-e", "(service \"a\" '(image \"busybox\"))"}),
            (Answer{0, "#<service:a>\n", ""}));
}

TEST(RemlEvalTest, AnErrorIsShownWhereItIs) {
  EXPECT_EQ(Eval({"-e", "(display 1) (car 5)"}),
            (Answer{1, "1",
                    "-e:1:18: error: car: expected pair, got int\n"
                    "1 | (display 1) (car 5)\n"
                    "  |                  ^\n"}));
  const Answer unread = Eval({"-"}, "(a");
  EXPECT_EQ(unread.code, 1);
  EXPECT_EQ(unread.err, "<stdin>:1:1: error: unmatched '('\n1 | (a\n  | ^\n");
  const std::string file = InFile("broken.reml", "\n(nothing-such)\n");
  EXPECT_EQ(Eval({file}), (Answer{1, "",
                                  absl::StrCat(file,
                                               ":2:2: error: unbound variable: nothing-such\n"
                                               "2 | (nothing-such)\n  |  ^^^^^^^^^^^^\n")}));
}

TEST(RemlEvalTest, WrongUseIsTwo) {
  EXPECT_EQ(Eval({}),
            (Answer{2, "",
                    "pelagos: error: reml eval: give a FILE, - for standard input, or -e EXPR\n"}));
  EXPECT_EQ(Eval({"-e", "1", "x.reml"}),
            (Answer{2, "", "pelagos: error: reml eval: unexpected argument 'x.reml'\n"}));
  EXPECT_EQ(Eval({"/nowhere.reml"}),
            (Answer{1, "", "pelagos: error: open('/nowhere.reml'): No such file or directory\n"}));
}

TEST(RemlEvalTest, HelpHasAnExample) {
  for (const Command& command : EvalCommands()) {
    EXPECT_NE(HelpFor(command).find("example:\n  pelagos " + std::string(command.name)),
              std::string::npos);
  }
}

TEST(RemlInputsTest, ListsWhatIsReadInOrder) {
  const std::string lib = "(define tag (env \"PELAGOS_NO_SUCH\" :default \"1\"))";
  InFile("lib.reml", lib);
  const std::string program =
      "(import \"lib.reml\")\n"
      "(display \"not shown\")\n"
      "(define-service web \"web\" :image (string-append \"nginx:\" tag))\n"
      "(compose-up (compose web))\n";
  const std::string file = InFile("stack.reml", program);
  const std::string folder = absl::StrCat(testing::TempDir(), "/");
  const std::string blanks(folder.size() + 10 - 15, ' ');
  EXPECT_EQ(Type("reml inputs", {file}),
            (Answer{0,
                    absl::StrCat("program  ", folder, "stack.reml  sha256:", Sha256Hex(program),
                                 "\nfile     ", folder, "lib.reml    sha256:", Sha256Hex(lib),
                                 "\nenv      PELAGOS_NO_SUCH", blanks, "  unset\n"),
                    ""}));
  EXPECT_EQ(
      Type("reml inputs", {file, "--json"}).out,
      absl::StrCat("[\n  {\n    \"kind\": \"program\",\n    \"name\": \"", folder,
                   "stack.reml\",\n    \"digest\": \"sha256:", Sha256Hex(program),
                   "\"\n  },\n  {\n    \"kind\": \"file\",\n    \"name\": \"", folder,
                   "lib.reml\",\n    \"digest\": \"sha256:", Sha256Hex(lib),
                   "\"\n  },\n  {\n    \"kind\": \"env\",\n    \"name\": \"PELAGOS_NO_SUCH\",\n"
                   "    \"digest\": \"unset\"\n  }\n]\n"));
}

TEST(RemlInputsTest, AProgramThatFailsSaysWhatItRead) {
  const Answer answer = Type("reml inputs", {"-"}, "(require-env \"PELAGOS_NO_SUCH\")");
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.out.find("env      PELAGOS_NO_SUCH  unset\n"), std::string::npos) << answer;
  EXPECT_NE(answer.err.find("PELAGOS_NO_SUCH is not set"), std::string::npos) << answer;
  EXPECT_EQ(Type("reml inputs", {}).code, 2);
}

}  // namespace
}  // namespace pelagos::cli
