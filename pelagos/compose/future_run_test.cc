// Graphs of futures, executed on a made-up host.
#include "pelagos/compose/future_run.h"

#include <gtest/gtest.h>

#include <string>

#include "pelagos/compose/imperative_testing.h"

namespace pelagos::compose {
namespace {

class FutureRunTest : public ImperativeTest {
 protected:
  FutureRunTest() {
    // A future of that name, after those of a list.
    Eval(
        "(define (node name . needs) (start (service name '(image \"i\")) :needs needs))"
        "(define (names result) (map car result))");
  }
  // The names of the containers, in the order of their start.
  std::string Order(const std::string& text) {
    output_.clear();
    const std::string value = Eval(text);
    if (value.substr(0, 2) == "!!") return value;
    std::string order;
    for (size_t at = 0; (at = output_.find("[start proj-", at)) != std::string::npos;) {
      at += 12;
      absl::StrAppend(&order, order.empty() ? "" : " ",
                      output_.substr(at, output_.find(' ', at) - at));
    }
    return order;
  }
};

TEST_F(FutureRunTest, Names) {
  EXPECT_EQ(Eval("(list (node 'a) (node 'b (node 'a)))"), "(#<future:a> #<future:b after:1>)");
  EXPECT_EQ(Eval("(then (node 'a) list)"), "#<future:a-then after:1>");
  EXPECT_EQ(Eval("(then (node 'a) list :name \"n\")"), "#<future:n after:1>");
  EXPECT_EQ(Eval("(then (node 'a) list :name 'n)"), "#<future:n after:1>");
  EXPECT_EQ(Eval("(then-all (list (node 'a) (node 'b)) list)"), "#<future:join(a,b) after:2>");
  EXPECT_EQ(Eval("(then-all '() list)"), "#<future:join()>");
  EXPECT_EQ(Eval("(start db :needs (node 'a))"), "#<future:db after:1>");
}

TEST_F(FutureRunTest, TiersInTheOrderOfTheWalk) {
  EXPECT_EQ(Order("(define a (node 'a)) (define b (node 'b a)) (define c (node 'c a))"
                  "(define d (node 'd b c)) (run (list d a))"),
            "a b c d");
  // e is in the second tier: it starts before d, which is in the third.
  EXPECT_EQ(Order("(run (list d (node 'e a)))"), "a b c e d");
  // The same, with what waits for nothing last in the list.
  EXPECT_EQ(Order("(run (list d (node 'f)))"), "a f b c d");
  EXPECT_EQ(Order("(run (list d) :parallel)"), "a b c d");
  EXPECT_EQ(Eval("(names (run (list d a d)))"), "(\"d\" \"a\" \"d\")");
}

TEST_F(FutureRunTest, EverythingOnceInOneRunAndAgainInTheNext) {
  Eval(
      "(define count 0)"
      "(define n (then (node 'a) (lambda (c) (set! count (+ count 1)) count)))"
      "(define twice (then-all (list n n) list))");
  EXPECT_EQ(Eval("(resolve twice)"), "(1 1)");
  EXPECT_EQ(Eval("(run (list twice n))"), "((\"join(a-then,a-then)\" 2 2) (\"a-then\" . 2))");
  EXPECT_EQ(Eval("(run '())"), "()");
  EXPECT_EQ(Eval("(resolve (then-all '() (lambda () 'none)))"), "none");
}

TEST_F(FutureRunTest, EnvironmentOfTheValuesNeeded) {
  EXPECT_EQ(Eval("(define u (then (node 'a) container-ip :name \"u\"))"
                 "(resolve (start db :needs (list u (node 'b)) :env (lambda (u b) (list (cons "
                 "\"U\" u) (cons 'B (container-ip b))))))"),
            "#<container proj-db>");
  EXPECT_EQ(Output(),
            "[start proj-a ip=10.9.0.2 env=[]]\n[start proj-b ip=10.9.0.3 env=[]]\n"
            "[start proj-db ip=10.9.0.4 env=[\"U=10.9.0.2\", \"B=10.9.0.3\"]]\n");
  EXPECT_EQ(Eval("(resolve (start db :env (lambda () 5)))"),
            "!! run: inject must return (key . value) pairs, got int");
  EXPECT_EQ(Eval("(resolve (start db :env (lambda () '((5 . 1)))))"),
            "!! run: inject env key must be string, got int");
  EXPECT_EQ(Eval("(resolve (start db :env (lambda (x) '())))"),
            "!! arity mismatch: expected 1 arguments, got 0");
}

TEST_F(FutureRunTest, AFutureThatAProcedureReturnsIsFollowed) {
  EXPECT_EQ(Order("(define a (node 'a))"
                  "(define dyn (then a (lambda (c) (node 'b a (node 'c)))))"
                  "(run (list dyn))"),
            "a c b");
  EXPECT_EQ(Eval("(resolve dyn)"), "#<container proj-b>");
  // Twice removed, and by a join; one that has a value already gives that.
  EXPECT_EQ(Eval("(resolve (then a (lambda (c) (then-all (list a dyn) (lambda (x y) (then a "
                 "container-ip))))))"),
            "\"10.9.0.8\"");
  EXPECT_EQ(Eval("(eq? (cdar (run (list a (then a (lambda (c) a))))) 1)"), "#f");
  EXPECT_EQ(Eval("(let ((r (run (list a (then a (lambda (c) a)))))) (eq? (cdar r) (cdadr r)))"),
            "#t");
}

TEST_F(FutureRunTest, ACycleOfFollowedFutures) {
  EXPECT_EQ(
      Shown("(define a (node 'a))\n"
            "(define self (then a (lambda (c) (then self list))))\n"
            "(run (list self))"),
      "t.reml:2:22: error: run: dependency cycle detected\n"
      "2 | (define self (then a (lambda (c) (then self list))))\n"
      "  |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ it returns a future that needs its "
      "result\n"
      "t.reml:3:1: note: started by this run\n"
      "3 | (run (list self))\n"
      "  | ^^^^^^^^^^^^^^^^^\n");
  EXPECT_EQ(Eval("(define me (then a (lambda (c) me))) (resolve me)"),
            "!! run: dependency cycle detected");
  EXPECT_EQ(Eval("(define x (then a (lambda (c) y))) (define y (then a (lambda (c) x)))"
                 "(resolve x)"),
            "!! run: dependency cycle detected");
}

TEST_F(FutureRunTest, ParallelStartsATierTogether) {
  Eval("(define l (map node '(a b c d e)))");
  Log();
  EXPECT_EQ(Eval("(names (run (list (apply node 'z l)) :parallel))"), "(\"z\")");
  EXPECT_EQ(Log(), (Words{"begin proj-a", "begin proj-b", "begin proj-c", "begin proj-d",
                          "begin proj-e", "join proj-a", "join proj-b", "join proj-c",
                          "join proj-d", "join proj-e", "begin proj-z", "join proj-z"}));
  EXPECT_EQ(Eval("(names (run l :parallel :max-parallel 2))"), "(\"a\" \"b\" \"c\" \"d\" \"e\")");
  EXPECT_EQ(Log(),
            (Words{"begin proj-a", "begin proj-b", "join proj-a", "join proj-b", "begin proj-c",
                   "begin proj-d", "join proj-c", "join proj-d", "begin proj-e", "join proj-e"}));
}

TEST_F(FutureRunTest, ParallelCallsTheProceduresOfATierFirst) {
  Eval(
      "(define a (node 'a))"
      "(define t (then a (lambda (c) (display \"then\") 1)))"
      "(define s (start db :needs (list a) :env (lambda (c) (display \"env\") '())))");
  Output();
  Eval("(run (list s t (node 'b a)) :parallel)");
  EXPECT_EQ(Output(),
            "[start proj-a ip=10.9.0.2 env=[]]\nenvthen[start proj-db ip=10.9.0.3 env=[]]\n"
            "[start proj-b ip=10.9.0.4 env=[]]\n");
  // What follows a procedure needs s while that waits for its tier: it starts once all the same.
  Eval("(run (list s (then a (lambda (c) (node 'd s)))) :parallel)");
  EXPECT_EQ(Output(),
            "[start proj-a ip=10.9.0.5 env=[]]\nenv[start proj-db ip=10.9.0.6 env=[]]\n"
            "[start proj-d ip=10.9.0.7 env=[]]\n");
}

TEST_F(FutureRunTest, AFailureEndsTheRunAfterItsChunk) {
  Eval("(define l (list (node 'a) (start bad) (node 'c) (node 'd)))");
  Log();
  EXPECT_EQ(Eval("(run l)"), "!! image 'missing' not found locally (mock)");
  EXPECT_EQ(Log(), (Words{"begin proj-a", "join proj-a", "begin proj-bad", "join proj-bad"}));
  EXPECT_EQ(Eval("(run l :parallel :max-parallel 3)"),
            "!! image 'missing' not found locally (mock)");
  EXPECT_EQ(Log(), (Words{"begin proj-a", "begin proj-bad", "begin proj-c", "join proj-a",
                          "join proj-bad", "join proj-c"}));
  EXPECT_EQ(Eval("(guard (e (#t e)) (run l))"), "\"image 'missing' not found locally (mock)\"");
}

TEST_F(FutureRunTest, StoppingCascadesInReverse) {
  Eval(
      "(define a (node 'a)) (define b (node 'b a))"
      "(define u (then b (lambda (c) (node 'u))))"
      "(define c (node 'c a u)) (define h (resolve c))");
  Log();
  Eval("(container-stop h)");
  EXPECT_EQ(Log(), (Words{"stop proj-c", "stop proj-u", "stop proj-b", "stop proj-a"}));
  Eval("(container-wait h)");
  EXPECT_EQ(Log(), (Words{"wait proj-c", "stop proj-u", "stop proj-b", "stop proj-a"}));
  Eval("(container-stop (cdar (run (list a c))))");
  EXPECT_EQ(Log().back(), "stop proj-a");
}

TEST_F(FutureRunTest, ProceduresAreOfTheProgram) {
  // Errors come out of them, also through a guard, and they may run graphs themselves.
  EXPECT_EQ(Eval("(resolve (then (node 'a) (lambda (c) (error \"in then\" 1))))"), "!! in then 1");
  EXPECT_EQ(Eval("(guard (e (#t (string-append \"caught \" e)))"
                 "  (run (list (then (node 'a) (lambda (c) (car 5))))))"),
            "\"caught car: expected pair, got int\"");
  EXPECT_EQ(Eval("(resolve (then (node 'a) (lambda (c) (resolve (then (node 'b) (lambda (d) (list "
                 "(container-ip c) (container-ip d))))))))"),
            "(\"10.9.0.4\" \"10.9.0.5\")");
}

TEST_F(FutureRunTest, TheExampleOfTheManual) {
  EXPECT_EQ(Eval(R"reml(
    (define-service svc-db  "db"  :image "redis")
    (define-service svc-app "app" :image "shop")
    (define-nodes (db svc-db))
    (define-then url db (container) (format "redis://~a:6379" (container-ip container)))
    (define app (start svc-app :needs (list url) :env (lambda (url) (list (cons "REDIS" url)))))
    (define-run (app-container app) (where url))
    (list app-container where))reml"),
            "(#<container proj-app> \"redis://10.9.0.2:6379\")");
  EXPECT_EQ(Output(),
            "[start proj-db ip=10.9.0.2 env=[]]\n"
            "[start proj-app ip=10.9.0.3 env=[\"REDIS=redis://10.9.0.2:6379\"]]\n");
}

// By place: the variable may be called as it likes, and need be none.
TEST_F(FutureRunTest, DefineRun) {
  Eval("(define db-f (start db)) (define-nodes (a-node web))");
  EXPECT_EQ(Eval("(define-run (d db-f) (w a-node) (ip (then db-f container-ip))) (list d w ip)"),
            "(#<container proj-db> #<container proj-web> \"10.9.0.2\")");
  EXPECT_EQ(
      Eval("(define db (start app)) (define app db-f)"
           "(define-run :parallel :max-parallel 2 (x db) (y app) (z db)) (list x y (eq? x z))"),
      "(#<container proj-app> #<container proj-db> #t)");
  EXPECT_EQ(Eval("(map car _run_result_)"), "(\"app\" \"db\" \"app\")");
  EXPECT_EQ(Eval("(define-run (x 5))"), "!! run: expected futures, got int");
}

// Neither a long chain nor many followed futures are host recursion.
TEST_F(FutureRunTest, DeepGraphs) {
  EXPECT_EQ(Eval("(let loop ((n 20000) (f (then-all '() (lambda () 0))))"
                 "  (if (= n 0) (resolve f)"
                 "      (loop (- n 1) (then f (lambda (v) (+ v 1)) :name \"n\"))))"),
            "20000");
  EXPECT_EQ(Eval("(define (count n) (then-all '() (lambda () (if (= n 0) 'end (count (- n 1))))))"
                 "(resolve (count 2000))"),
            "end");
}

TEST_F(FutureRunTest, WhenEveryStepCollects) {
  interpreter_.heap().set_stress(true);
  EXPECT_EQ(
      Eval("(define a (node 'a))"
           "(define (env-of c) (list (cons \"A\" (string-append \"<\" (container-ip c) \">\"))))"
           "(define (later c) (then-all (list a (start web :needs a :env env-of)) list))"
           "(run (list (then a later) (start db :needs a :env env-of)) :parallel)"),
      "((\"a-then\" #<container proj-a> #<container proj-web>) (\"db\" . #<container proj-db>))");
  EXPECT_EQ(Eval("(map cdr (run (list (then a later) (then (then a list) length))))"),
            "((#<container proj-a> #<container proj-web>) 1)");
}

class SmallFutureRunTest : public ImperativeTest {
 protected:
  static reml::Limits Small() {
    reml::Limits limits;
    limits.steps = 100000;
    limits.bytes = 2 << 20;
    return limits;
  }
  SmallFutureRunTest() : ImperativeTest(Small()) {}
};

TEST_F(SmallFutureRunTest, EndlessGraphsEnd) {
  const std::string got =
      Eval("(define (endless) (then-all '() (lambda () (endless)))) (resolve (endless))");
  EXPECT_TRUE(got == "!! too many steps" || got == "!! out of memory") << got;
  EXPECT_EQ(Eval("(let loop ((f (start db))) (loop (then f list)))").substr(0, 3), "!! ");
}

}  // namespace
}  // namespace pelagos::compose
