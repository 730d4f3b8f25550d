// Arithmetic and comparison.
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/number.h"

namespace pelagos::reml {
namespace {

// The index of the first argument that is no number; args.size() when all are.
size_t FirstOther(Args args) {
  size_t i = 0;
  while (i < args.size() && args[i].is_number()) ++i;
  return i;
}

// One of Add, Subtract, Multiply over all arguments, beginning with `start`.
template <Value (*kOperation)(Heap&, Value, Value)>
EvalResult Fold(CallContext& ctx, Value start, Args args) {
  for (Value arg : args) start = kOperation(ctx.heap(), start, arg);
  return start;
}

EvalResult Plus(CallContext& ctx, Args args) {
  if (size_t i = FirstOther(args); i < args.size()) return ctx.TypeError(i, "number", args[i]);
  return Fold<Add>(ctx, Value::Fixnum(0), args);
}

EvalResult Times(CallContext& ctx, Args args) {
  if (size_t i = FirstOther(args); i < args.size()) return ctx.TypeError(i, "number", args[i]);
  return Fold<Multiply>(ctx, Value::Fixnum(1), args);
}

EvalResult Minus(CallContext& ctx, Args args) {
  if (size_t i = FirstOther(args); i < args.size()) return ctx.TypeError(i, "number", args[i]);
  if (args.size() > 1) return Fold<Subtract>(ctx, args[0], args.subspan(1));
  if (args[0].is_float()) return ctx.heap().Float(-args[0].as_float());
  return Subtract(ctx.heap(), Value::Fixnum(0), args[0]);
}

EvalResult Over(CallContext& ctx, Args args) {
  if (size_t i = FirstOther(args); i < args.size()) return ctx.TypeError(i, "number", args[i]);
  // The reciprocal of 0 is infinite; a division by the integer 0 fails.
  if (args.size() == 1) {
    if (args[0].is_int() && args[0].as_int() == 0) return ctx.heap().Float(HUGE_VAL);
    return *Divide(ctx.heap(), Value::Fixnum(1), args[0]);
  }
  Value result = args[0];
  for (size_t i = 1; i < args.size(); ++i) {
    const std::optional<Value> quotient = Divide(ctx.heap(), result, args[i]);
    if (!quotient) return ctx.Error(ctx.ArgSpan(i), "/: division by zero");
    result = *quotient;
  }
  return result;
}

EvalResult Abs(CallContext& ctx, Args args) {
  if (!args[0].is_number()) return ctx.TypeError(0, "number", args[0]);
  if (args[0].is_float()) return ctx.heap().Float(std::fabs(args[0].as_float()));
  if (args[0].as_int() >= 0) return args[0];
  return Subtract(ctx.heap(), Value::Fixnum(0), args[0]);
}

EvalResult Extreme(CallContext& ctx, Args args, int wanted) {
  if (size_t i = FirstOther(args); i < args.size()) return ctx.TypeError(i, "number", args[i]);
  Value best = args[0];
  bool any_float = false;
  for (Value arg : args) {
    any_float = any_float || arg.is_float();
    if (Compare(arg, best) == wanted) best = arg;
  }
  return any_float && best.is_int() ? ctx.heap().Float(best.as_double()) : best;
}

EvalResult Min(CallContext& ctx, Args args) { return Extreme(ctx, args, -1); }
EvalResult Max(CallContext& ctx, Args args) { return Extreme(ctx, args, 1); }

EvalResult Expt(CallContext& ctx, Args args) {
  if (size_t i = FirstOther(args); i < args.size()) return ctx.TypeError(i, "number", args[i]);
  return Power(ctx.heap(), args[0], args[1]);
}

// Whether each neighbour compares as asked. What is no number compares with nothing.
template <typename Holds>
EvalResult Chain(Args args, Holds holds) {
  for (size_t i = 0; i + 1 < args.size(); ++i) {
    if (!args[i].is_number() || !args[i + 1].is_number()) return Value::Bool(false);
    const std::optional<int> order = Compare(args[i], args[i + 1]);
    if (!order || !holds(*order)) return Value::Bool(false);
  }
  return Value::Bool(true);
}

EvalResult Equals(CallContext&, Args args) {
  return Chain(args, [](int order) { return order == 0; });
}
EvalResult Less(CallContext&, Args args) {
  return Chain(args, [](int order) { return order < 0; });
}
EvalResult Greater(CallContext&, Args args) {
  return Chain(args, [](int order) { return order > 0; });
}
EvalResult AtMost(CallContext&, Args args) {
  return Chain(args, [](int order) { return order <= 0; });
}
EvalResult AtLeast(CallContext&, Args args) {
  return Chain(args, [](int order) { return order >= 0; });
}

EvalResult IsZero(CallContext&, Args args) {
  return Value::Bool(args[0].is_number() && args[0].as_double() == 0);
}
EvalResult IsPositive(CallContext& ctx, Args args) {
  if (!args[0].is_number()) return ctx.TypeError(0, "number", args[0]);
  return Value::Bool(args[0].as_double() > 0);
}
EvalResult IsNegative(CallContext& ctx, Args args) {
  if (!args[0].is_number()) return ctx.TypeError(0, "number", args[0]);
  return Value::Bool(args[0].as_double() < 0);
}
EvalResult IsNumber(CallContext&, Args args) { return Value::Bool(args[0].is_number()); }
EvalResult IsInteger(CallContext&, Args args) { return Value::Bool(args[0].is_int()); }

constexpr absl::string_view kIntro =
    "Integers have 64 bits, floats are IEEE doubles. An integer result that does not fit becomes "
    "a float; it never wraps.";

constexpr Builtin kRows[] = {
    {"+", "n:number... -> number", Plus, "The sum of all arguments. One float makes it a float.",
     "(+ 1 2 3) => 6\n(+ 1 0.5) => 1.5\n(+) => 0\n(+ 1 'a) !! +: expected number, got symbol"},
    {"-", "n:number m:number... -> number", Minus, "N without all Ms; of a single N, its negative.",
     "(- 10 1 2) => 7\n(- 5) => -5"},
    {"*", "n:number... -> number", Times, "The product of all arguments.",
     "(* 2 3 4) => 24\n(*) => 1"},
    {"/", "n:number m:number... -> number", Over,
     "N divided by all Ms; of a single N, its reciprocal. An integer when it divides exactly.",
     "(/ 12 4) => 3\n(/ 7 2) => 3.5\n(/ 2) => 0.5\n(/ 1 0) !! /: division by zero"},
    {"abs", "n:number -> number", Abs, "N without its sign.", "(abs -5) => 5"},
    {"min", "n:number m:number... -> number", Min,
     "The least argument. One float makes it a float.", "(min 3 1 2) => 1\n(min 1 2.0) => 1.0"},
    {"max", "n:number m:number... -> number", Max,
     "The greatest argument. One float makes it a float.", "(max 3 1 2) => 3\n(max 1.5 2) => 2.0"},
    {"expt", "base:number exponent:number -> number", Expt, "BASE to the power of EXPONENT.",
     "(expt 2 10) => 1024\n(expt 2 -1) => 0.5"},
    {"=", "n:number m:number k:number... -> bool", Equals,
     "Whether all arguments are equal. With what is no number, `#f`; so do the other comparisons.",
     "(= 1 1.0) => #t\n(= 1 2) => #f"},
    {"<", "n:number m:number k:number... -> bool", Less,
     "Whether each argument is less than the next.", "(< 1 2 3) => #t\n(< 1 1) => #f"},
    {">", "n:number m:number k:number... -> bool", Greater,
     "Whether each argument is greater than the next.", "(> 3 2 1) => #t"},
    {"<=", "n:number m:number k:number... -> bool", AtMost,
     "Whether no argument is greater than the next.", "(<= 1 1 2) => #t"},
    {">=", "n:number m:number k:number... -> bool", AtLeast,
     "Whether no argument is less than the next.", "(>= 2 2 3) => #f"},
    {"zero?", "n:number -> bool", IsZero, "Whether N is 0.", "(zero? 0.0) => #t\n(zero? 1) => #f"},
    {"positive?", "n:number -> bool", IsPositive, "Whether N is greater than 0.",
     "(positive? 1) => #t\n(positive? 0) => #f", 1},
    {"negative?", "n:number -> bool", IsNegative, "Whether N is less than 0.",
     "(negative? -1) => #t", 1},
    {"number?", "x:any -> bool", IsNumber, "Whether X is a number.",
     "(number? 1.5) => #t\n(number? \"1\") => #f"},
    {"integer?", "x:any -> bool", IsInteger,
     "Whether X is an integer. A float is none, even when it is whole.",
     "(integer? 1) => #t\n(integer? 1.0) => #f"},
};

}  // namespace

BuiltinTable NumberBuiltins() { return {"Numbers", kIntro, kRows}; }

}  // namespace pelagos::reml
