#include "pelagos/reml/interpreter.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/reml/equality.h"
#include "pelagos/reml/testing.h"

namespace pelagos::reml {
namespace {

// A value of an embedder, which holds another one.
class Box : public Foreign {
 public:
  explicit Box(Value value) : value_(value) {}
  absl::string_view type_name() const override { return "box"; }
  void Print(std::string* out) const override {
    absl::StrAppend(out, "#<box ", Write(value_), ">");
  }
  void Trace(Marker& marker) const override { marker.Mark(value_); }
  Value value() const { return value_; }

 private:
  const Value value_;
};

std::string Nested(absl::string_view open, absl::string_view close, size_t depth) {
  std::string text;
  for (size_t i = 0; i < depth; ++i) absl::StrAppend(&text, open);
  for (size_t i = 0; i < depth; ++i) absl::StrAppend(&text, close);
  return text;
}

TEST(InterpreterTest, ForeignValues) {
  TestBench bench;
  bench.interpreter.Define({"box", "x:any"}, [](CallContext& ctx, absl::Span<const Value> args) {
    return EvalResult(ctx.heap().NewForeign(std::make_unique<Box>(args[0])));
  });
  bench.interpreter.Define({"unbox", "x:any"},
                           [](CallContext& ctx, absl::Span<const Value> args) -> EvalResult {
                             const Box* box = args[0].foreign<Box>();
                             if (box == nullptr) return ctx.TypeError(0, "box", args[0]);
                             return box->value();
                           });
  bench.interpreter.heap().set_stress(true);
  EXPECT_EQ(bench.Eval("(define b (box (list 1 \"x\")))"), "()");
  EXPECT_EQ(bench.Eval("(list b)"), "(#<box (1 \"x\")>)");
  EXPECT_EQ(bench.Eval("(unbox b)"), "(1 \"x\")");
  EXPECT_EQ(bench.Eval("(unbox 5)"), "!! unbox: expected box, got int");
  EXPECT_EQ(bench.Eval("(car b)"), "!! car: expected pair, got box");
}

// A builtin that sees where everything was written, and fails with all that it dislikes.
EvalResult Option(CallContext& ctx, absl::Span<const Value> args) {
  Diagnostics diagnostics;
  for (Value pair = args[0]; pair.is_pair(); pair = pair.cdr()) {
    const auto check = [&](Value value, Span span) {
      if (value.is_int() && value.as_int() > 65535) diagnostics.Error(span, "out of range");
    };
    check(pair.car(), ctx.CarSpan(pair));
    check(pair.cdr(), TailSpan(pair));
  }
  if (!diagnostics.ok()) return ctx.Fail(std::move(diagnostics));
  return args[0];
}

class SpansTest : public testing::TestWithParam<const char*> {};

// In each text the numbers out of range are found where they stand: between < and > signs, which
// are not part of the program.
TEST_P(SpansTest, PointAtTheDatum) {
  std::string program, expected;
  for (const char* c = GetParam(); *c != '\0'; ++c) {
    if (*c == '<') {
      absl::StrAppend(&expected, program.size(), "-");
    } else if (*c == '>') {
      absl::StrAppend(&expected, program.size(), " ");
    } else {
      program.push_back(*c);
    }
  }
  for (bool stress : {false, true}) {
    TestBench bench;
    bench.interpreter.Define({"option", "x:any", Option});
    bench.interpreter.Define({"service", "x:any y:any..."},
                             [](CallContext& ctx, absl::Span<const Value> args) {
                               return Option(ctx, args.subspan(1));
                             });
    bench.interpreter.heap().set_stress(stress);
    bench.Eval(program);
    std::string got;
    for (const Diagnostic& diagnostic : bench.diagnostics.list()) {
      if (diagnostic.severity != Severity::kError) continue;
      absl::StrAppend(&got, diagnostic.span.begin, "-", diagnostic.span.end, " ");
    }
    EXPECT_EQ(got, expected) << Render(bench.sources, bench.diagnostics);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SpansTest,
    testing::Values("(option '(port <70000> 80))", "(option '(port <70000> <80000>))",
                    "(option (list 'port <70000> 80))", "(option '(port 1 . <70000>))",
                    "(option (cons 'port (cons <70000> '(<80000>))))", "(option (cons 1 <70000>))",
                    "(option `(port <70000> ,(+ 1 1)))", "(option `(port ,<(+ 70000 1)>))",
                    "(define p 70000) (option (list 'port <p>))",
                    "(define p 70000) (option `(port ,<p> . ,<p>))",
                    "(option `(port ,@'(<70000> 1)))", "(option (append '(port) '(<70000>) '(1)))",
                    "(option (reverse '(1 <70000> port)))",
                    "(option (map (lambda (x) (* x 1000)) '(1 <70>)))",
                    "(option (filter number? '(port <70000>)))",
                    "(define (f . args) (option args)) (f 1 <70000>)",
                    "(define (f . args) (option args)) (apply f '(1 <70000>))",
                    "(defmacro m (x) (list 'option (list 'quote (list 'port <x>)))) (m 70000)",
                    "(defmacro m (x) `(option '(port ,x))) (m 5) (option '(<70000>))",
                    "(define-service s \"s\" :port <70000> 80)",
                    "(define-service s \"s\" :port (<70000> . 80))",
                    "(define-service s \"s\" :port (80 . <70000>))",
                    "(define-service s \"s\" :port '(80 <70000>))",
                    "(apply service \"x\" (map (lambda (p) (list 'port p <70000>)) '(1)))"));

TEST(InterpreterTest, HooksAreCalledLater) {
  TestBench bench;
  std::vector<Root> hooks;
  bench.interpreter.Define({"on-ready", "x:any"},
                           [&](CallContext& ctx, absl::Span<const Value> args) {
                             hooks.emplace_back(ctx.heap(), args[0]);
                             return EvalResult(Value::Nil());
                           });
  bench.interpreter.heap().set_stress(true);
  EXPECT_EQ(bench.Eval("(let ((n 0)) (on-ready (lambda (x) (set! n (+ n x)) (list n \"t\"))))"),
            "()");
  EXPECT_EQ(bench.Eval("(define (churn n) (if (> n 0) (churn (- n 1)))) (churn 50)"), "()");
  ASSERT_EQ(hooks.size(), 1u);
  Diagnostics diagnostics;
  for (const char* expected : {"(5 \"t\")", "(10 \"t\")"}) {
    const std::optional<Value> value =
        bench.interpreter.Call(hooks[0].get(), {Value::Fixnum(5)}, diagnostics);
    ASSERT_TRUE(value) << Render(bench.sources, diagnostics);
    EXPECT_EQ(Write(*value), expected);
  }
  EXPECT_FALSE(bench.interpreter.Call(hooks[0].get(), {}, diagnostics));
  EXPECT_EQ(diagnostics.list()[0].message, "arity mismatch: expected 1 arguments, got 0");
  EXPECT_FALSE(bench.interpreter.Call(Value::Fixnum(1), {}, diagnostics));
  EXPECT_EQ(diagnostics.list()[1].message, "not a procedure: int");
}

TEST(InterpreterTest, BuiltinsCallBack) {
  TestBench bench;
  bench.interpreter.Define({"twice", "x:any"}, [](CallContext& ctx, absl::Span<const Value> args) {
    const Root procedure(ctx.heap(), args[0]);
    const EvalResult first = ctx.Call(args[0], {});
    if (!first.ok()) return first;
    const Root kept(ctx.heap(), first.value());
    const EvalResult second = ctx.Call(procedure.get(), {});
    if (!second.ok()) return second;
    return EvalResult(ctx.heap().List({kept.get(), second.value()}));
  });
  bench.interpreter.heap().set_stress(true);
  EXPECT_EQ(bench.Eval("(define n 0) (list 'a (twice (lambda () (set! n (+ n 1)) (list n))))"),
            "(a ((1) (2)))");
  EXPECT_EQ(bench.Eval("(guard (e (else e)) (twice (lambda () (car 5))))"),
            "\"car: expected pair, got int\"");
  EXPECT_EQ(bench.Eval("(define (f) (twice f)) (f)"), "!! twice: recursion too deep");
}

TEST(InterpreterTest, GuardSeesTheFirstOfSeveralErrors) {
  TestBench bench;
  bench.interpreter.Define({"option", "x:any", Option});
  EXPECT_EQ(bench.Eval("(guard (e (else e)) (option '(70000 80000)))"), "\"out of range\"");
  bench.Eval("(guard (e (#f 1)) (option '(70000 80000)))");
  EXPECT_EQ(bench.diagnostics.errors(), 2u);
}

TEST(InterpreterTest, TheWorldIsInjected) {
  TestBench bench;
  bench.Eval("(display \"a\") (write \"b\") (newline) (log \"x\" 1 '(\"y\")) (sleep 2) (sleep -1)");
  EXPECT_EQ(bench.output, "a\"b\"\n");
  EXPECT_EQ(bench.log, std::vector<std::string>{"x 1 (\"y\")"});
  EXPECT_EQ(bench.naps, std::vector<double>{2});
}

TEST(InterpreterTest, AnInterruptStopsWhatRuns) {
  TestBench bench;
  bench.interpreter.Define({"interrupt", ""}, [&](CallContext&, absl::Span<const Value>) {
    bench.interpreter.Interrupt();
    return Value::Nil();
  });
  for (const absl::string_view loop :
       {"(let loop () (loop))", "(do () (#f) 1)", "(sleep 5)", "(list-tail '(1 2 3) 2)",
        "(begin (define (f) (+ 1 (f))) (guard (e (else (f))) (f)))"}) {
    EXPECT_EQ(bench.Eval(absl::StrCat("(guard (e (else 'guarded)) (interrupt) ", loop, ")")),
              "!! interrupted")
        << loop;
    EXPECT_EQ(bench.Eval("(+ 1 2)"), "3");
  }
  // One that comes when nothing runs is of no effect.
  bench.interpreter.Interrupt();
  EXPECT_EQ(bench.Eval("(let loop ((i 0)) (if (< i 5000) (loop (+ i 1)) i))"), "5000");
  EXPECT_EQ(bench.Errors("(interrupt)\n(sleep 1)"),
            "t.reml:2:1: error: interrupted\n2 | (sleep 1)\n  | ^^^^^^^^^\n");
}

TEST(InterpreterTest, TheLimitOfStepsIsExactInRounds) {
  for (const uint64_t steps : {uint64_t{100'000}, uint64_t{100'001}}) {
    Limits limits;
    limits.steps = steps;
    TestBench bench(limits);
    // Each has as many as the first.
    std::string most;
    for (int i = 0; i < 2; ++i) {
      bench.Eval("(define n 0)");
      EXPECT_EQ(bench.Eval("(let loop () (set! n (+ n 1)) (loop))"), "!! too many steps");
      const std::string count = bench.Eval("n");
      EXPECT_TRUE(i == 0 || count == most) << count << " " << most;
      most = count;
    }
    EXPECT_EQ(bench.Eval("n"), absl::StrCat(steps));
  }
}

TEST(InterpreterTest, EvaluatesAPartOfASource) {
  TestBench bench;
  const std::string text = "(define a 1)\n  (+ a (car 5)) (+ a 1) \xff";
  const uint32_t source = bench.sources.Add("t.reml", text);
  const auto evaluate = [&](const std::string& form) {
    bench.diagnostics = Diagnostics();
    const auto begin = static_cast<uint32_t>(text.find(form));
    const std::optional<Value> value = bench.interpreter.Evaluate(
        Span{source, begin, begin + static_cast<uint32_t>(form.size())}, bench.diagnostics);
    return value ? Write(*value) : Render(bench.sources, bench.diagnostics);
  };
  EXPECT_EQ(evaluate("(define a 1)"), "()");
  EXPECT_EQ(evaluate("(+ a 1)"), "2");
  EXPECT_EQ(evaluate("(+ a (car 5))"),
            "t.reml:2:13: error: car: expected pair, got int\n2 |   (+ a (car 5)) (+ a 1) \xff\n"
            "  |             ^\n");
  EXPECT_EQ(evaluate("\xff").substr(0, 29), "t.reml:2:25: error: not UTF-8");
  EXPECT_EQ(evaluate("(+ a").substr(0, 33), "t.reml:2:3: error: unmatched '('\n");
}

TEST(InterpreterTest, GlobalsAreWhatIsDefined) {
  TestBench bench;
  bench.Eval("(define mine 1) 'not-mine (let ((local 1)) local)");
  const std::vector<std::string> names = bench.interpreter.Globals();
  const auto has = [&](absl::string_view name) {
    return std::count(names.begin(), names.end(), name);
  };
  EXPECT_EQ(has("mine"), 1);
  EXPECT_EQ(has("car"), 1);
  EXPECT_EQ(has("not-mine"), 0);
  EXPECT_EQ(has("local"), 0);
}

TEST(InterpreterTest, DefinitionsStay) {
  TestBench bench;
  bench.interpreter.DefineValue("given", Value::Fixnum(7));
  EXPECT_EQ(bench.Eval("(define x (+ given 1))"), "()");
  ASSERT_TRUE(bench.interpreter.Find("x"));
  EXPECT_EQ(bench.interpreter.Find("x")->as_int(), 8);
  EXPECT_FALSE(bench.interpreter.Find("y"));
  EXPECT_EQ(bench.Eval(""), "()");
}

// Nesting of data and code is limited by memory and by Limits, never by the host's stack.
TEST(InterpreterTest, NothingIsTooDeep) {
  constexpr size_t kDepth = 100'000;
  Limits limits;
  limits.depth = kDepth / 2;
  limits.bytes = size_t{2} << 30;
  TestBench bench(limits);
  Heap& heap = bench.interpreter.heap();
  Value first, second;
  for (size_t i = 0; i < kDepth; ++i) {
    first = heap.Cons(first, Value::Nil());
    second = heap.Cons(second, Value::Nil());
  }
  EXPECT_EQ(Equal(first, second, UINT64_MAX), true);
  EXPECT_EQ(Write(first).size(), 2 * kDepth + 2);
  EXPECT_EQ(bench.Eval(absl::StrCat("'", Nested("(", ")", kDepth))).size(), 2 * kDepth);
  EXPECT_EQ(bench.Eval(absl::StrCat("`", Nested("(", ")", kDepth))).size(), 2 * kDepth);
  EXPECT_EQ(bench.Eval(absl::StrCat("(null? '", Nested("'(", ")", kDepth), ")")), "#f");
  EXPECT_EQ(bench.Eval(Nested("(", ")", kDepth)), "!! recursion too deep");
  EXPECT_EQ(bench.Eval(Nested("(car (list ", "))", kDepth / 2)), "!! recursion too deep");
  EXPECT_EQ(bench.Eval(Nested("(if #t ", ")", kDepth / 2)), "!! if: expected 2 or 3 arguments");
}

TEST(InterpreterTest, AListNestedAMillionDeepReadsPrintsAndGoes) {
  constexpr size_t kDepth = 1'000'000;
  Limits limits;
  limits.bytes = size_t{2} << 30;
  TestBench bench(limits);
  const std::string text = Nested("(", ")", kDepth);
  EXPECT_TRUE(bench.Eval(absl::StrCat("'", text)) == text);
  EXPECT_EQ(bench.Eval(absl::StrCat("(define deep '", text, ")")), "()");
  EXPECT_EQ(bench.Eval("(equal? deep (list (car deep)))"), "#t");
  EXPECT_EQ(bench.Eval("(set! deep 1)"), "()");
  const size_t before = bench.interpreter.heap().bytes();
  bench.interpreter.heap().Collect([](Marker&) {});
  EXPECT_LT(bench.interpreter.heap().bytes() + 2 * kDepth, before);
}

TEST(InterpreterTest, ProgramsMayRecurseDeep) {
  TestBench bench;
  EXPECT_EQ(bench.Eval("(define (count n) (if (= n 0) 0 (+ 1 (count (- n 1))))) (count 100000)"),
            "100000");
}

TEST(InterpreterTest, RecursionWithoutEndIsAnError) {
  Limits limits;
  limits.depth = 20'000;
  TestBench bench(limits);
  bench.Eval("(define (count n) (if (= n 0) 0 (+ 1 (count (- n 1)))))");
  EXPECT_EQ(bench.Eval("(count 10000000)"), "!! recursion too deep");
  EXPECT_EQ(bench.Eval("(define (m n) (map (lambda (x) (m (+ n 1))) '(1))) (m 0)"),
            "!! recursion too deep");
  EXPECT_EQ(bench.Eval("(define (a n) (list (apply a (list n)))) (a 0)"), "!! recursion too deep");
  EXPECT_EQ(bench.Eval("(define (g n) (guard (e (#f 1)) (g n))) (g 0)"), "!! recursion too deep");
  EXPECT_EQ(bench.Eval("(defmacro w (x) `(begin (w ,x) 1)) (w 1)"), "!! recursion too deep");
  EXPECT_EQ(bench.Eval("(guard (e (else e)) (count 10000000))"), "\"recursion too deep\"");
}

TEST(InterpreterTest, TailCallsOfAllKindsAreFree) {
  Limits limits;
  limits.depth = 50;
  limits.bytes = 4 << 20;
  TestBench bench(limits);
  EXPECT_EQ(bench.Eval("(define (f n) (if (= n 0) 'done (apply f (list (- n 1))))) (f 100000)"),
            "done");
  EXPECT_EQ(bench.Eval("(define (f n) (cond ((= n 0) 'done) (else (let* ((m (- n 1))) (letrec "
                       "((x m)) (and #t (or #f (when #t (unless #f (begin (let ((y x)) (f "
                       "y)))))))))))) (f 20000)"),
            "done");
  EXPECT_EQ(bench.Eval("(define (f n) (guard (e (else (if (= n 0) 'done (f (- n 1))))) (error "
                       "\"x\"))) (f 20000)"),
            "done");
  EXPECT_EQ(bench.Eval("(do ((i 0 (+ i 1))) ((= i 100000) i) (list i i))"), "100000");
  EXPECT_EQ(bench.Eval("(define (f n) (do () (#t (if (= n 0) 'done (f (- n 1)))))) (f 10000)"),
            "done");
}

TEST(InterpreterTest, MemoryIsLimited) {
  Limits limits;
  limits.bytes = 2 << 20;
  TestBench bench(limits);
  EXPECT_EQ(bench.Eval("(define (grow l) (grow (cons 1 l))) (grow '())"), "!! out of memory");
  EXPECT_EQ(bench.Eval("(define (grow s) (grow (string-append s s))) (grow \"x\")"),
            "!! out of memory");
  EXPECT_EQ(bench.Eval("(define (grow l) (grow (append l l))) (grow '(1))"), "!! out of memory");
  EXPECT_EQ(bench.Eval("(define (grow l) (grow (list l l))) (display (fold-left (lambda (l x) "
                       "(list l l)) '() (iota 64)))"),
            "!! out of memory");
  EXPECT_EQ(bench.Eval("(defmacro again () '(again)) (again)"), "!! out of memory");
  // Garbage is no use of memory.
  EXPECT_EQ(bench.Eval("(do ((i 0 (+ i 1))) ((= i 2000) 'ok) (iota 100))"), "ok");
  EXPECT_EQ(bench.Eval("(fold-left (lambda (s x) (string-append \"a\" \"b\")) \"\" (iota 5000))"),
            "\"ab\"");
}

TEST(InterpreterTest, LimitsTooSmallForTheLibrary) {
  Limits limits;
  limits.bytes = 100;
  TestBench bench(limits);
  EXPECT_EQ(bench.Eval("1"), "!! out of memory");
}

}  // namespace
}  // namespace pelagos::reml
