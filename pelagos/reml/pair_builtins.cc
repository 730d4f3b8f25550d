// Types, equality and pairs.
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"

namespace pelagos::reml {
namespace {

EvalResult Not(CallContext&, Args args) { return Value::Bool(!args[0].is_true()); }
EvalResult IsBoolean(CallContext&, Args args) { return Value::Bool(args[0].is_bool()); }
EvalResult IsNull(CallContext&, Args args) { return Value::Bool(args[0].is_nil()); }
EvalResult IsPair(CallContext&, Args args) { return Value::Bool(args[0].is_pair()); }
EvalResult IsString(CallContext&, Args args) { return Value::Bool(args[0].is_string()); }
EvalResult IsSymbol(CallContext&, Args args) { return Value::Bool(args[0].is_symbol()); }
EvalResult IsProcedure(CallContext&, Args args) { return Value::Bool(args[0].is_procedure()); }
EvalResult IsList(CallContext& ctx, Args args) {
  const std::optional<size_t> length = ListLength(args[0]);
  if (!ctx.Charge(length.value_or(0))) return ctx.OutOfSteps();
  return Value::Bool(length.has_value());
}

EvalResult IsEq(CallContext& ctx, Args args) {
  if (args[0].is_string() && !ctx.Charge(args[0].text().size() / 64)) return ctx.OutOfSteps();
  return Value::Bool(Same(args[0], args[1]));
}

EvalResult IsEqual(CallContext& ctx, Args args) {
  const std::optional<bool> equal = ChargedEqual(ctx, args[0], args[1]);
  if (!equal) return ctx.OutOfSteps();
  return Value::Bool(*equal);
}

// Whether all arguments are of the type and the same.
template <typename Is>
EvalResult AllSame(CallContext& ctx, Args args, Is is, absl::string_view type) {
  bool same = true;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!is(args[i])) return ctx.TypeError(i, type, args[i]);
    same = same && args[i] == args[0];
  }
  return Value::Bool(same);
}

EvalResult BooleansEqual(CallContext& ctx, Args args) {
  return AllSame(
      ctx, args, [](Value v) { return v.is_bool(); }, "bool");
}

EvalResult Cons(CallContext& ctx, Args args) {
  SpannedPair* pair = ctx.heap().NewPair(args[0], args[1], ctx.ArgSpan(0), ctx.CallSpan());
  if (!args[1].is_pair() && !args[1].is_nil()) pair->tail_span = ctx.ArgSpan(1);
  return Value::Of(pair);
}

// car, cdr and what is made of them: "ad" for cadr. The steps go from right to left.
EvalResult Walk(CallContext& ctx, Value value, absl::string_view path) {
  for (auto step = path.rbegin(); step != path.rend(); ++step) {
    if (!value.is_pair()) {
      return ctx.Error(ctx.ArgSpan(0), absl::StrCat(path.size() == 1 ? ctx.name()
                                                    : *step == 'a'   ? "car"
                                                                     : "cdr",
                                                    ": expected pair, got ", value.type_name()));
    }
    value = *step == 'a' ? value.car() : value.cdr();
  }
  return value;
}

EvalResult WalkByName(CallContext& ctx, Args args) {
  return Walk(ctx, args[0], ctx.name().substr(1, ctx.name().size() - 2));
}

constexpr Builtin kRows[] = {
    {"not", "x:any -> bool", Not, "`#t` when X is `#f`, which is the only false value.",
     "(not #f) => #t\n(not '()) => #f"},
    {"boolean?", "x:any -> bool", IsBoolean, "Whether X is `#t` or `#f`.",
     "(boolean? #f) => #t\n(boolean? '()) => #f"},
    {"null?", "x:any -> bool", IsNull, "Whether X is `()`, the empty list.",
     "(null? '()) => #t\n(null? '(1)) => #f"},
    {"pair?", "x:any -> bool", IsPair, "Whether X is a pair, as every list but `()` is.",
     "(pair? '(1)) => #t\n(pair? '()) => #f"},
    {"list?", "x:any -> bool", IsList,
     "Whether X is a proper list: `()`, or a pair whose second part is one.",
     "(list? '(1 2)) => #t\n(list? '(1 . 2)) => #f"},
    {"string?", "x:any -> bool", IsString, "Whether X is a string.",
     "(string? \"a\") => #t\n(string? 'a) => #f"},
    {"symbol?", "x:any -> bool", IsSymbol, "Whether X is a symbol. Keywords are symbols too.",
     "(symbol? 'a) => #t\n(symbol? :key) => #t\n(symbol? \"a\") => #f"},
    {"procedure?", "x:any -> bool", IsProcedure, "Whether X can be called. Macros cannot.",
     "(procedure? car) => #t\n(procedure? (lambda () 1)) => #t\n(procedure? 'car) => #f"},
    {"eq?", "x:any y:any -> bool", IsEq,
     "Whether X and Y are the same: strings by their text, numbers by type and value, lists and "
     "all else by identity.",
     "(eq? 'a 'a) => #t\n(eq? \"a\" \"a\") => #t\n(eq? 1 1.0) => #f\n(eq? (list 1) (list 1)) => "
     "#f"},
    {"eqv?", "x:any y:any -> bool", IsEq, "The same as `eq?`.",
     "(eqv? 1.5 1.5) => #t\n(eqv? 1 2) => #f"},
    {"equal?", "x:any y:any -> bool", IsEqual,
     "Whether X and Y look the same: lists and vectors by their elements, numbers by value.",
     "(equal? '(1 (2)) (list 1 (list 2))) => #t\n(equal? 1 1.0) => #t\n(equal? \"a\" 'a) => #f"},
    {"boolean=?", "x:bool y:bool more:bool... -> bool", BooleansEqual,
     "Whether all arguments are the same boolean.",
     "(boolean=? #t #t) => #t\n(boolean=? #t 1) !! boolean=?: expected bool, got int", 1},
    {"cons", "x:any y:any -> pair", Cons,
     "A pair of X and Y. When Y is a list, that is the list with X before it.",
     "(cons 1 '(2 3)) => (1 2 3)\n(cons 1 2) => (1 . 2)"},
    {"car", "pair:pair -> any", WalkByName, "The first part of PAIR: of a list, its first element.",
     "(car '(1 2 3)) => 1\n(car '()) !! car: expected pair, got nil"},
    {"cdr", "pair:pair -> any", WalkByName,
     "The second part of PAIR: of a list, what follows its first element.",
     "(cdr '(1 2 3)) => (2 3)\n(cdr '()) !! cdr: expected pair, got nil"},
    {"caar", "pair:pair -> any", WalkByName, "The same as `(car (car PAIR))`.",
     "(caar '((x))) => x"},
    {"cadr", "pair:pair -> any", WalkByName, "The same as `(car (cdr PAIR))`.",
     "(cadr '(- x)) => x"},
    {"cdar", "pair:pair -> any", WalkByName, "The same as `(cdr (car PAIR))`.",
     "(cdar '((- x))) => (x)"},
    {"cddr", "pair:pair -> any", WalkByName, "The same as `(cdr (cdr PAIR))`.",
     "(cddr '(- - x)) => (x)"},
    {"caaar", "pair:pair -> any", WalkByName, "The same as `(car (car (car PAIR)))`.",
     "(caaar '(((x)))) => x"},
    {"caadr", "pair:pair -> any", WalkByName, "The same as `(car (car (cdr PAIR)))`.",
     "(caadr '(- (x))) => x"},
    {"cadar", "pair:pair -> any", WalkByName, "The same as `(car (cdr (car PAIR)))`.",
     "(cadar '((- x))) => x"},
    {"caddr", "pair:pair -> any", WalkByName, "The same as `(car (cdr (cdr PAIR)))`.",
     "(caddr '(- - x)) => x"},
    {"cdaar", "pair:pair -> any", WalkByName, "The same as `(cdr (car (car PAIR)))`.",
     "(cdaar '(((- x)))) => (x)"},
    {"cdadr", "pair:pair -> any", WalkByName, "The same as `(cdr (car (cdr PAIR)))`.",
     "(cdadr '(- (- x))) => (x)"},
    {"cddar", "pair:pair -> any", WalkByName, "The same as `(cdr (cdr (car PAIR)))`.",
     "(cddar '((- - x))) => (x)"},
    {"cdddr", "pair:pair -> any", WalkByName, "The same as `(cdr (cdr (cdr PAIR)))`.",
     "(cdddr '(- - - x)) => (x)"},
    {"caaaar", "pair:pair -> any", WalkByName, "The same as `(car (car (car (car PAIR))))`.",
     "(caaaar '((((x))))) => x"},
    {"caaadr", "pair:pair -> any", WalkByName, "The same as `(car (car (car (cdr PAIR))))`.",
     "(caaadr '(- ((x)))) => x"},
    {"caadar", "pair:pair -> any", WalkByName, "The same as `(car (car (cdr (car PAIR))))`.",
     "(caadar '((- (x)))) => x"},
    {"caaddr", "pair:pair -> any", WalkByName, "The same as `(car (car (cdr (cdr PAIR))))`.",
     "(caaddr '(- - (x))) => x"},
    {"cadaar", "pair:pair -> any", WalkByName, "The same as `(car (cdr (car (car PAIR))))`.",
     "(cadaar '(((- x)))) => x"},
    {"cadadr", "pair:pair -> any", WalkByName, "The same as `(car (cdr (car (cdr PAIR))))`.",
     "(cadadr '(- (- x))) => x"},
    {"caddar", "pair:pair -> any", WalkByName, "The same as `(car (cdr (cdr (car PAIR))))`.",
     "(caddar '((- - x))) => x"},
    {"cadddr", "pair:pair -> any", WalkByName, "The same as `(car (cdr (cdr (cdr PAIR))))`.",
     "(cadddr '(- - - x)) => x"},
    {"cdaaar", "pair:pair -> any", WalkByName, "The same as `(cdr (car (car (car PAIR))))`.",
     "(cdaaar '((((- x))))) => (x)"},
    {"cdaadr", "pair:pair -> any", WalkByName, "The same as `(cdr (car (car (cdr PAIR))))`.",
     "(cdaadr '(- ((- x)))) => (x)"},
    {"cdadar", "pair:pair -> any", WalkByName, "The same as `(cdr (car (cdr (car PAIR))))`.",
     "(cdadar '((- (- x)))) => (x)"},
    {"cdaddr", "pair:pair -> any", WalkByName, "The same as `(cdr (car (cdr (cdr PAIR))))`.",
     "(cdaddr '(- - (- x))) => (x)"},
    {"cddaar", "pair:pair -> any", WalkByName, "The same as `(cdr (cdr (car (car PAIR))))`.",
     "(cddaar '(((- - x)))) => (x)"},
    {"cddadr", "pair:pair -> any", WalkByName, "The same as `(cdr (cdr (car (cdr PAIR))))`.",
     "(cddadr '(- (- - x))) => (x)"},
    {"cdddar", "pair:pair -> any", WalkByName, "The same as `(cdr (cdr (cdr (car PAIR))))`.",
     "(cdddar '((- - - x))) => (x)"},
    {"cddddr", "pair:pair -> any", WalkByName, "The same as `(cdr (cdr (cdr (cdr PAIR))))`.",
     "(cddddr '(- - - - x)) => (x)"},
};

}  // namespace

BuiltinTable PairBuiltins() { return {"Types, equality and pairs", "", kRows}; }

}  // namespace pelagos::reml
