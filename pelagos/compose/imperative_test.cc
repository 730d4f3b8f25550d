#include "pelagos/compose/imperative.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/compose/imperative_testing.h"

namespace pelagos::compose {
namespace {

TEST_F(ImperativeTest, ContainersOneByOne) {
  EXPECT_EQ(Eval("(define c (container-start db))"), "()");
  EXPECT_EQ(output_, "[start proj-db ip=10.9.0.2 env=[]]\n");
  EXPECT_EQ(Eval("c"), "#<container proj-db>");
  EXPECT_EQ(Eval("(container-ip c)"), "\"10.9.0.2\"");
  EXPECT_EQ(Eval("(container-status c)"), "\"exited\"");
  containers_.exit_codes["proj-db"] = 3;
  EXPECT_EQ(Eval("(container-wait c)"), "3");
  EXPECT_EQ(Eval("(container-stop c)"), "()");
  EXPECT_EQ(Eval("(container-run db)"), "3");
  EXPECT_EQ(Log(), (Words{"begin proj-db", "join proj-db", "wait proj-db", "stop proj-db",
                          "begin proj-db", "join proj-db", "wait proj-db"}));
  containers_.without_address = true;
  EXPECT_EQ(Eval("(container-ip c)"), "()");
}

TEST_F(ImperativeTest, EnvironmentOfAContainer) {
  Eval(
      "(container-start db :env (list (cons \"A\" \"x\") (cons 'b 5) '(\"C\" 1.5) '(\"D\" . ())"
      " (cons \"E\" (list 1 \"two\"))))");
  EXPECT_EQ(output_,
            "[start proj-db ip=10.9.0.2 env=[\"A=x\", \"b=5\", \"C=1.5\", \"D=()\", "
            "\"E=(1 \"two\")\"]]\n");
  EXPECT_EQ(Eval("(container-run db :env '())"), "0");
}

TEST_F(ImperativeTest, PendingContainers) {
  EXPECT_EQ(Eval("(define p (container-start-bg db :env '((\"A\" . 1))))"), "()");
  EXPECT_EQ(Eval("p"), "#<pending-container>");
  EXPECT_EQ(Log(), Words{"begin proj-db"});
  EXPECT_EQ(Eval("(container-join p)"), "#<container proj-db>");
  EXPECT_EQ(Eval("(container-join p)"), "!! container-join: already joined");
  EXPECT_EQ(Eval("(define q (container-start-bg bad))"), "()");
  EXPECT_EQ(Eval("(container-join q)"), "!! image 'missing' not found locally (mock)");
  EXPECT_EQ(Eval("(container-join q)"), "!! container-join: already joined");
}

TEST_F(ImperativeTest, AwaitPort) {
  EXPECT_EQ(Eval("(await-port \"h\" 80)"), "#t");
  EXPECT_EQ(Eval("(await-port 'h 81 2)"), "#f");
  EXPECT_EQ(Eval("(await-port \"h\" 80 0.5)"), "#t");
  EXPECT_EQ(Eval("(await-port \"h\" 80 :timeout 3)"), "#t");
  EXPECT_EQ(Eval("(await-port (container-start db) 80)"), "#t");
  EXPECT_EQ(Log(), (Words{"await h:80 1m", "await h:81 2s", "await h:80 500ms", "await h:80 3s",
                          "begin proj-db", "join proj-db", "await 10.9.0.2:80 1m"}));
  EXPECT_EQ(Eval("(await-port \"nowhere\" 80)"), "!! await-port: there is no host 'nowhere'");
  containers_.without_address = true;
  EXPECT_EQ(Eval("(await-port (container-start db) 80)"), "!! await-port: it has no address");
}

TEST_F(ImperativeTest, Await) {
  Eval("(define f (start db :needs (list (start web)) :env (lambda (w) '())))");
  EXPECT_EQ(Eval("(await f)"), "#<container proj-db>");
  EXPECT_EQ(Eval("(await f :port 80)"), "#<container proj-db>");
  EXPECT_EQ(Eval("(await f :port 81 :timeout 7)"),
            "!! await: port 81 of 'db' did not open within 7s");
  EXPECT_EQ(Log(), (Words{"begin proj-db", "join proj-db", "begin proj-db", "join proj-db",
                          "await 10.9.0.3:80 1m", "begin proj-db", "join proj-db",
                          "await 10.9.0.4:81 7s"}));
  containers_.without_address = true;
  EXPECT_EQ(Eval("(await f :port 80)"), "!! await: 'db' has no address");
}

TEST_F(ImperativeTest, WrongArguments) {
  const std::pair<const char*, const char*> rows[] = {
      {"(container-start 5)", "container-start: expected service-spec, got int"},
      {"(container-start)", "container-start: requires at least 1 argument"},
      {"(container-start db :evn '())", "container-start: unexpected argument: :evn"},
      {"(container-start db 7)", "container-start: unexpected argument: 7"},
      {"(container-start db :env)", "container-start: :env requires a list of (KEY . value) pairs"},
      {"(container-start db :env 5)",
       "container-start: :env requires (key . value) pairs, got int"},
      {"(container-start db :env '(5))",
       "container-start: :env requires (key . value) pairs, got int"},
      {"(container-start db :env '((\"A\" . 1) . 2))",
       "container-start: :env requires (key . value) pairs, got int"},
      {"(container-start db :env '((5 . 1)))", "container-start: env key must be string, got int"},
      {"(container-start db :env '((\"A=B\" . 1)))", "env key: 'A=B' must not contain '='"},
      {"(container-start db :env '((\"\" . 1)))", "env key: must not be empty"},
      {"(container-start-bg 'x)", "container-start-bg: expected service-spec, got symbol"},
      {"(container-run 'x)", "container-run: expected service-spec, got symbol"},
      {"(container-join 5)", "container-join: expected pending-container, got int"},
      {"(container-stop db)", "container-stop: expected container, got service-spec"},
      {"(container-wait '())", "container-wait: expected container, got nil"},
      {"(container-ip (start db))", "container-ip: expected container, got future"},
      {"(container-status \"x\")", "container-status: expected container, got string"},
      {"(container-start bad)", "image 'missing' not found locally (mock)"},
      {"(container-run bad)", "image 'missing' not found locally (mock)"},
      {"(await-port \"h\")", "await-port: expected (host port [timeout-secs])"},
      {"(await-port 5 80)", "await-port: expected string, got int"},
      {"(await-port \"h\" \"80\")", "await-port: expected integer port, got string"},
      {"(await-port \"h\" 70000)", "await-port: port out of range"},
      {"(await-port \"h\" 80 -1)", "await-port: number of seconds out of range"},
      {"(await-port \"h\" 80 \"1\")", "await-port: expected seconds, got string"},
      {"(await-port \"h\" 80 :timeout)", "await-port: :timeout requires a number of seconds"},
      {"(await-port \"h\" 80 1 2)", "await-port: unexpected argument: 1"},
      {"(await 5)", "await: expected future, got int"},
      {"(await (then (start db) list))",
       "await: Transform and Join futures must be executed via run or resolve"},
      {"(await (start db) :port 0)", "await: port out of range"},
      {"(await (start bad))", "image 'missing' not found locally (mock)"},
      {"(start 5)", "start: expected service-spec, got int"},
      {"(start db :needs)", "start: :needs requires futures"},
      {"(start db :needs 5)", "start: :needs requires futures, got int"},
      {"(start db :needs (list 1))", "start: :needs requires futures, got int"},
      {"(start db :env 5)", "start: :env requires a lambda, got int"},
      {"(start db :needs (list (start db)) :evn 1)", "start: unexpected argument: :evn"},
      {"(then 5 car)", "then: expected future, got int"},
      {"(then (start db) 5)", "then: expected procedure, got int"},
      {"(then (start db) list :name 5)", "then: :name requires a string, got int"},
      {"(then-all 5 car)", "then-all: first argument must be a list of futures"},
      {"(then-all (list 5) car)", "then-all: expected futures, got int"},
      {"(then-all '() 5)", "then-all: expected procedure, got int"},
      {"(run 5)", "run: argument must be a list of futures"},
      {"(run (start db))", "run: argument must be a list of futures"},
      {"(run (list 5))", "run: expected futures, got int"},
      {"(run '() :max-parallel)", "run: :max-parallel requires a positive integer"},
      {"(run '() :max-parallel 1.5)", "run: :max-parallel requires a positive integer"},
      {"(run '() :paralel)", "run: unexpected argument: :paralel"},
      {"(resolve '())", "resolve: expected future, got nil"},
  };
  for (const auto& [form, message] : rows) {
    EXPECT_EQ(Eval(form), absl::StrCat("!! ", message)) << form;
  }
}

TEST_F(ImperativeTest, ErrorsPointAtTheirArgument) {
  EXPECT_EQ(Shown("(start db\n       :needs (list (start db) 7))"),
            "t.reml:2:32: error: start: :needs requires futures, got int\n"
            "2 |        :needs (list (start db) 7))\n"
            "  |                                ^\n");
  EXPECT_EQ(Shown("(run (list)\n     :paralell)"),
            "t.reml:2:6: error: run: unexpected argument: :paralell\n"
            "2 |      :paralell)\n"
            "  |      ^^^^^^^^^ did you mean ':parallel'?\n");
  EXPECT_EQ(Shown("(container-start db :env '((\"A\" . 1)\n  b))"),
            "t.reml:2:3: error: container-start: :env requires (key . value) pairs, got symbol\n"
            "2 |   b))\n"
            "  |   ^ such as (list (cons \"KEY\" \"value\"))\n");
  EXPECT_EQ(Shown("(define f (start bad))\n(run (list f))"),
            "t.reml:1:18: error: image 'missing' not found locally (mock)\n"
            "1 | (define f (start bad))\n"
            "  |                  ^^^\n"
            "t.reml:2:1: note: started by this run\n"
            "2 | (run (list f))\n"
            "  | ^^^^^^^^^^^^^^\n");
  EXPECT_EQ(Shown("(define f (start db :env\n  (lambda () '(\"A\" \"B\"))))\n(resolve f)"),
            "t.reml:2:16: error: run: inject must return (key . value) pairs, got string\n"
            "2 |   (lambda () '(\"A\" \"B\"))))\n"
            "  |                ^^^ such as (list (cons \"KEY\" \"value\"))\n");
}

TEST_F(ImperativeTest, NothingIsStartedAfterAMistake) {
  EXPECT_FALSE(
      Program("(define s (service \"s\" '(image \"i\") '(memory \"1\")))\n"
              "(define f (then (start s) list))\n"
              "(container-start db)"));
  EXPECT_EQ(Messages(), (Words{"memory: '1' must be at least 512k",
                               "container-start: nothing is started while the program has "
                               "mistakes"}));
  for (const char* form : {"(container-run db)", "(container-start-bg db)", "(run '())",
                           "(resolve (start db))", "(await (start db))"}) {
    EXPECT_FALSE(Program(absl::StrCat("(service \"s\")", form))) << form;
    EXPECT_EQ(Messages().size(), 2u) << form;
  }
  EXPECT_EQ(Log(), Words{});
}

TEST_F(ImperativeTest, AHostThatCannotStop) {
  containers_.stop_status = absl::InternalError("it will not");
  EXPECT_EQ(Eval("(container-stop (container-start db))"), "!! it will not");
}

// The examples of the manual.
TEST_F(ImperativeTest, ExamplesAreTrue) {
  for (const reml::Builtin& row : ImperativeForms::Table().rows) {
    EXPECT_FALSE(row.doc.empty()) << row.name;
    EXPECT_FALSE(row.example.empty()) << row.name;
    for (absl::string_view line : absl::StrSplit(row.example, '\n')) {
      const bool fails = line.find(" !! ") != absl::string_view::npos;
      const size_t at = fails ? line.find(" !! ") : line.find(" => ");
      ASSERT_NE(at, absl::string_view::npos) << line;
      EXPECT_EQ(Eval(std::string(line.substr(0, at))),
                absl::StrCat(fails ? "!! " : "", line.substr(at + 4)))
          << line;
    }
  }
}

}  // namespace
}  // namespace pelagos::compose
