// Arithmetic and comparison.
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/number.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

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

// Both as integers, the second not 0.
struct Division {
  int64_t dividend, divisor;
};

std::optional<EvalResult> ReadDivision(CallContext& ctx, Args args, Division& out) {
  for (size_t i = 0; i < 2; ++i) {
    const std::optional<int64_t> integer = ToInteger(args[i]);
    if (!integer) return ctx.TypeError(i, "integer", args[i]);
    (i == 0 ? out.dividend : out.divisor) = *integer;
  }
  if (out.divisor != 0) return std::nullopt;
  return ctx.Error(ctx.ArgSpan(1), absl::StrCat(ctx.name(), ": division by zero"));
}

EvalResult Quotient(CallContext& ctx, Args args) {
  Division d;
  if (std::optional<EvalResult> error = ReadDivision(ctx, args, d)) return *error;
  if (d.divisor == -1) {  // INT64_MIN / -1 traps
    return Subtract(ctx.heap(), Value::Fixnum(0), ctx.heap().Integer(d.dividend));
  }
  return ctx.heap().Integer(d.dividend / d.divisor);
}

EvalResult Remainder(CallContext& ctx, Args args) {
  Division d;
  if (std::optional<EvalResult> error = ReadDivision(ctx, args, d)) return *error;
  return ctx.heap().Integer(d.divisor == -1 ? 0 : d.dividend % d.divisor);
}

EvalResult Modulo(CallContext& ctx, Args args) {
  Division d;
  if (std::optional<EvalResult> error = ReadDivision(ctx, args, d)) return *error;
  int64_t result = d.divisor == -1 ? 0 : d.dividend % d.divisor;
  if (result != 0 && (result < 0) != (d.divisor < 0)) result += d.divisor;
  return ctx.heap().Integer(result);
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
EvalResult IsNumber(CallContext&, Args args) { return Value::Bool(args[0].is_number()); }
EvalResult IsInteger(CallContext&, Args args) { return Value::Bool(args[0].is_int()); }

constexpr Builtin kRows[] = {
    {"+", "n:number... -> number", Plus, "The sum."},
    {"*", "n:number... -> number", Times, "The product."},
    {"-", "n:number m:number... -> number", Minus, "Or (- N M...)."},
    {"/", "n:number m:number... -> number", Over, "The reciprocal, or (/ N M...)."},
    {"quotient", "n:int m:int -> int", Quotient, "Rounded towards 0."},
    {"remainder", "n:int m:int -> int", Remainder, "With the sign of N."},
    {"modulo", "n:int m:int -> int", Modulo, "With the sign of M."},
    {"abs", "n:number -> number", Abs, ""},
    {"min", "n:number m:number... -> number", Min, ""},
    {"max", "n:number m:number... -> number", Max, ""},
    {"expt", "base:number exponent:number -> number", Expt, ""},
    {"=", "n:number m:number k:number... -> bool", Equals, ""},
    {"<", "n:number m:number k:number... -> bool", Less, ""},
    {">", "n:number m:number k:number... -> bool", Greater, ""},
    {"<=", "n:number m:number k:number... -> bool", AtMost, ""},
    {">=", "n:number m:number k:number... -> bool", AtLeast, ""},
    {"zero?", "n:number -> bool", IsZero, ""},
    {"number?", "x:any -> bool", IsNumber, ""},
    {"integer?", "x:any -> bool", IsInteger, ""},
};

}  // namespace

BuiltinTable NumberBuiltins() { return {"Numbers", "", kRows}; }

}  // namespace pelagos::reml
