// Rounding, exactness, roots, logarithms and angles.
#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/number.h"

namespace pelagos::reml {
namespace {

MaybeError WantNumber(CallContext& ctx, Args args, size_t index) {
  if (args[index].is_number()) return std::nullopt;
  return ctx.TypeError(index, "number", args[index]);
}

bool IsWhole(Value v) {
  return v.is_int() ||
         (v.is_float() && std::trunc(v.as_float()) == v.as_float() && std::isfinite(v.as_float()));
}

template <double (*kRound)(double)>
EvalResult Rounded(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  if (args[0].is_int()) return args[0];
  return ctx.heap().Float(kRound(args[0].as_float()));
}
// To the nearest; from the middle to the even one, which is how the processor rounds.
double ToNearest(double d) { return std::nearbyint(d); }
double Floor(double d) { return std::floor(d); }
double Ceiling(double d) { return std::ceil(d); }
double Truncate(double d) { return std::trunc(d); }

EvalResult Exact(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  if (const std::optional<int64_t> integer = ToInteger(args[0])) {
    return ctx.heap().Integer(*integer);
  }
  const bool whole = IsWhole(args[0]);
  return ctx.Error(ctx.ArgSpan(0),
                   absl::StrCat(ctx.name(), ": ", FormatFloat(args[0].as_float()),
                                whole ? " does not fit in 64 bits" : " is no integer"),
                   whole || !std::isfinite(args[0].as_float())
                       ? ""
                       : "round, floor, ceiling or truncate it first");
}

EvalResult Inexact(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  return args[0].is_float() ? args[0] : ctx.heap().Float(args[0].as_double());
}

EvalResult IsExact(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  return Value::Bool(args[0].is_int());
}
EvalResult IsInexact(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  return Value::Bool(args[0].is_float());
}
EvalResult IsNan(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  return Value::Bool(std::isnan(args[0].as_double()));
}
EvalResult IsInfinite(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  return Value::Bool(std::isinf(args[0].as_double()));
}
EvalResult IsFinite(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  return Value::Bool(std::isfinite(args[0].as_double()));
}
EvalResult IsExactInteger(CallContext&, Args args) { return Value::Bool(args[0].is_int()); }
EvalResult IsReal(CallContext&, Args args) { return Value::Bool(args[0].is_number()); }
EvalResult IsRational(CallContext&, Args args) {
  return Value::Bool(args[0].is_number() && std::isfinite(args[0].as_double()));
}

EvalResult Square(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  return Multiply(ctx.heap(), args[0], args[0]);
}

// The largest integer whose square is at most n. Requires: n >= 0
int64_t IntegerRoot(int64_t n) {
  constexpr int64_t kLargest = 3'037'000'499;  // its square is the last that fits
  int64_t root = std::min(static_cast<int64_t>(std::sqrt(static_cast<double>(n))), kLargest);
  while (root * root > n) --root;
  while (root < kLargest && (root + 1) * (root + 1) <= n) ++root;
  return root;
}

EvalResult NotNegative(CallContext& ctx, Value got) {
  return ctx.Error(ctx.ArgSpan(0),
                   absl::StrCat(ctx.name(), ": expected a number from 0 on, got ", Shown(got)));
}

EvalResult Sqrt(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  if (args[0].as_double() < 0) return NotNegative(ctx, args[0]);
  if (args[0].is_int()) {
    const int64_t n = args[0].as_int(), root = IntegerRoot(n);
    if (root * root == n) return ctx.heap().Integer(root);
  }
  return ctx.heap().Float(std::sqrt(args[0].as_double()));
}

template <double (*kFunction)(double)>
EvalResult Real(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  return ctx.heap().Float(kFunction(args[0].as_double()));
}

EvalResult Logarithm(CallContext& ctx, Args args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (auto error = WantNumber(ctx, args, i)) return *error;
    if (args[i].as_double() < 0) {
      return ctx.Error(ctx.ArgSpan(i),
                       absl::StrCat("ln: expected a number from 0 on, got ", Shown(args[i])));
    }
  }
  const double n = std::log(args[0].as_double());
  if (args.size() == 1) return ctx.heap().Float(n);
  const double base = args[1].as_double();
  // Exact for the powers of the usual bases.
  if (base == 2) return ctx.heap().Float(std::log2(args[0].as_double()));
  if (base == 10) return ctx.heap().Float(std::log10(args[0].as_double()));
  return *Divide(ctx.heap(), ctx.heap().Float(n), ctx.heap().Float(std::log(base)));
}

template <double (*kFunction)(double)>
EvalResult ArcOf(CallContext& ctx, Args args) {
  if (auto error = WantNumber(ctx, args, 0)) return *error;
  const double d = args[0].as_double();
  if (d < -1 || d > 1) {
    return ctx.Error(
        ctx.ArgSpan(0),
        absl::StrCat(ctx.name(), ": expected a number from -1 to 1, got ", Shown(args[0])));
  }
  return ctx.heap().Float(kFunction(d));
}

EvalResult Atan(CallContext& ctx, Args args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (auto error = WantNumber(ctx, args, i)) return *error;
  }
  return ctx.heap().Float(args.size() == 1 ? std::atan(args[0].as_double())
                                           : std::atan2(args[0].as_double(), args[1].as_double()));
}

EvalResult Clamp(CallContext& ctx, Args args) {
  for (size_t i = 0; i < 3; ++i) {
    if (auto error = WantNumber(ctx, args, i)) return *error;
  }
  if (Compare(args[1], args[2]) == 1) {
    return ctx.Error(ctx.ArgSpan(1), absl::StrCat("clamp: the lower limit ", Shown(args[1]),
                                                  " is above the upper limit ", Shown(args[2])));
  }
  if (Compare(args[0], args[1]) == -1) return args[1];
  return Compare(args[0], args[2]) == 1 ? args[2] : args[0];
}

double Exp(double d) { return std::exp(d); }
double Sin(double d) { return std::sin(d); }
double Cos(double d) { return std::cos(d); }
double Tan(double d) { return std::tan(d); }
double Asin(double d) { return std::asin(d); }
double Acos(double d) { return std::acos(d); }

constexpr absl::string_view kIntro = "An integer is exact, a float is not. Angles are in radians.";

constexpr Builtin kRows[] = {
    {"exact?", "n:number -> bool", IsExact, "Whether N is an integer and no float.",
     "(exact? 1) => #t\n(exact? 1.0) => #f\n(exact? 'a) !! exact?: expected number, got symbol", 1},
    {"inexact?", "n:number -> bool", IsInexact, "Whether N is a float.", "(inexact? 1.0) => #t", 1},
    {"exact-integer?", "x:any -> bool", IsExactInteger, "Whether X is an integer and no float.",
     "(exact-integer? 5) => #t\n(exact-integer? 5.0) => #f", 1},
    {"real?", "x:any -> bool", IsReal, "The same as `number?`: there are no complex numbers.",
     "(real? 1.5) => #t\n(real? 'a) => #f", 1},
    {"rational?", "x:any -> bool", IsRational,
     "Whether X is a number that is neither infinite nor NaN.",
     "(rational? 1.5) => #t\n(rational? (/ 1 0.0)) => #f", 1},
    {"nan?", "n:number -> bool", IsNan, "Whether N is not a number, as 0.0 divided by 0.0.",
     "(nan? (/ 0.0 0.0)) => #t\n(nan? 1) => #f", 1},
    {"infinite?", "n:number -> bool", IsInfinite, "Whether N is infinite.",
     "(infinite? (/ 1 0.0)) => #t\n(infinite? 1) => #f", 1},
    {"finite?", "n:number -> bool", IsFinite, "Whether N is neither infinite nor NaN.",
     "(finite? 1) => #t", 1},
    {"exact", "n:number -> int", Exact, "The integer that is equal to N.",
     "(exact 2.0) => 2\n(exact (round 2.6)) => 3\n(exact 2.5) !! exact: 2.5 is no integer", 1},
    {"inexact", "n:number -> float", Inexact, "The float that is nearest to N.",
     "(inexact 2) => 2.0", 1},
    {"inexact->exact", "n:number -> int", Exact, "The same as `exact`.",
     "(inexact->exact 2.0) => 2", 1},
    {"exact->inexact", "n:number -> float", Inexact, "The same as `inexact`.",
     "(exact->inexact 1) => 1.0", 1},
    {"floor", "n:number -> number", Rounded<Floor>, "N rounded down. A float stays a float.",
     "(floor 2.7) => 2.0\n(floor -2.5) => -3.0\n(floor 5) => 5", 1},
    {"ceiling", "n:number -> number", Rounded<Ceiling>, "N rounded up.", "(ceiling 2.1) => 3.0", 1},
    {"round", "n:number -> number", Rounded<ToNearest>,
     "N rounded to the nearest whole number; from the middle between two, to the even one.",
     "(round 2.6) => 3.0\n(round 2.5) => 2.0\n(round 3.5) => 4.0", 1},
    {"truncate", "n:number -> number", Rounded<Truncate>, "N rounded towards 0.",
     "(truncate -2.7) => -2.0", 1},
    {"clamp", "n:number low:number high:number -> number", Clamp,
     "N, but LOW when it is below that, and HIGH when it is above that.",
     "(clamp 15 0 10) => 10\n(clamp -1 0 10) => 0\n(clamp 5 0 10) => 5", 1},
    {"square", "n:number -> number", Square, "N times N.", "(square 5) => 25", 1},
    {"sqrt", "n:number -> number", Sqrt, "The square root of N: an integer when it is exact.",
     "(sqrt 16) => 4\n(sqrt 2) => 1.4142135623730951\n(sqrt -1) !! sqrt: expected a number from 0 "
     "on, got -1",
     1},
    {"exp", "n:number -> float", Real<Exp>, "e to the power of N.", "(exp 0) => 1.0", 1},
    {"ln", "n:number [base:number] -> float", Logarithm,
     "The natural logarithm of N, or the one to BASE. Other Schemes call it `log`, which is the "
     "procedure that logs.",
     "(ln 1) => 0.0\n(ln 1024 2) => 10.0", 1},
    {"sin", "n:number -> float", Real<Sin>, "The sine of N.", "(sin 0) => 0.0", 1},
    {"cos", "n:number -> float", Real<Cos>, "The cosine of N.", "(cos 0) => 1.0", 1},
    {"tan", "n:number -> float", Real<Tan>, "The tangent of N.", "(tan 0) => 0.0", 1},
    {"asin", "n:number -> float", ArcOf<Asin>, "The angle whose sine is N.",
     "(asin 0) => 0.0\n(asin 2) !! asin: expected a number from -1 to 1, got 2", 1},
    {"acos", "n:number -> float", ArcOf<Acos>, "The angle whose cosine is N.", "(acos 1) => 0.0",
     1},
    {"atan", "y:number [x:number] -> float", Atan,
     "The angle whose tangent is Y, or the angle of the point (X, Y).",
     "(atan 0) => 0.0\n(atan 1 0) => 1.5707963267948966", 1},
};

}  // namespace

BuiltinTable RealBuiltins() { return {"Exactness, rounding and functions", kIntro, kRows}; }

}  // namespace pelagos::reml
