// Integers: division, divisors, bits.
#include <cmath>
#include <numeric>
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/arguments.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/number.h"

namespace pelagos::reml {
namespace {

// Both as integers, the second not 0.
struct Division {
  int64_t dividend = 0, divisor = 1;
};

MaybeError ReadInteger(CallContext& ctx, Args args, size_t index, int64_t* out) {
  const std::optional<int64_t> integer = ToInteger(args[index]);
  if (!integer) return ctx.TypeError(index, "integer", args[index]);
  *out = *integer;
  return std::nullopt;
}

MaybeError ReadDivision(CallContext& ctx, Args args, Division* out) {
  if (auto error = ReadInteger(ctx, args, 0, &out->dividend)) return error;
  if (auto error = ReadInteger(ctx, args, 1, &out->divisor)) return error;
  if (out->divisor != 0) return std::nullopt;
  return ctx.Error(ctx.ArgSpan(1), absl::StrCat(ctx.name(), ": division by zero"));
}

// INT64_MIN / -1 traps, so that it is a case of its own.
Value Negative(CallContext& ctx, int64_t n) {
  return Subtract(ctx.heap(), Value::Fixnum(0), ctx.heap().Integer(n));
}

EvalResult Quotient(CallContext& ctx, Args args) {
  Division d;
  if (auto error = ReadDivision(ctx, args, &d)) return *error;
  if (d.divisor == -1) return Negative(ctx, d.dividend);
  return ctx.heap().Integer(d.dividend / d.divisor);
}

EvalResult Remainder(CallContext& ctx, Args args) {
  Division d;
  if (auto error = ReadDivision(ctx, args, &d)) return *error;
  return ctx.heap().Integer(d.divisor == -1 ? 0 : d.dividend % d.divisor);
}

int64_t FloorRemainder(const Division& d) {
  int64_t result = d.divisor == -1 ? 0 : d.dividend % d.divisor;
  if (result != 0 && (result < 0) != (d.divisor < 0)) result += d.divisor;
  return result;
}

EvalResult Modulo(CallContext& ctx, Args args) {
  Division d;
  if (auto error = ReadDivision(ctx, args, &d)) return *error;
  return ctx.heap().Integer(FloorRemainder(d));
}

EvalResult FloorQuotient(CallContext& ctx, Args args) {
  Division d;
  if (auto error = ReadDivision(ctx, args, &d)) return *error;
  if (d.divisor == -1) return Negative(ctx, d.dividend);
  const int64_t down = d.dividend % d.divisor != 0 && (d.dividend < 0) != (d.divisor < 0) ? 1 : 0;
  return ctx.heap().Integer(d.dividend / d.divisor - down);
}

EvalResult Parity(CallContext& ctx, Args args, bool odd) {
  int64_t n = 0;
  if (auto error = ReadInteger(ctx, args, 0, &n)) return *error;
  return Value::Bool(((n & 1) != 0) == odd);
}
EvalResult IsOdd(CallContext& ctx, Args args) { return Parity(ctx, args, true); }
EvalResult IsEven(CallContext& ctx, Args args) { return Parity(ctx, args, false); }

uint64_t Magnitude(int64_t n) {
  return n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n);
}

// Up to 2^63, which is one more than there are integers.
Value FromMagnitude(CallContext& ctx, uint64_t n) {
  if (n > INT64_MAX) return ctx.heap().Float(static_cast<double>(n));
  return ctx.heap().Integer(static_cast<int64_t>(n));
}

EvalResult Gcd(CallContext& ctx, Args args) {
  uint64_t divisor = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    int64_t n = 0;
    if (auto error = ReadInteger(ctx, args, i, &n)) return *error;
    divisor = std::gcd(divisor, Magnitude(n));
  }
  return FromMagnitude(ctx, divisor);
}

EvalResult Lcm(CallContext& ctx, Args args) {
  uint64_t multiple = 1;
  double as_float = 1;  // what counts once it does not fit
  bool fits = true;
  for (size_t i = 0; i < args.size(); ++i) {
    int64_t n = 0;
    if (auto error = ReadInteger(ctx, args, i, &n)) return *error;
    if (n == 0) return Value::Fixnum(0);
    const uint64_t factor = fits ? Magnitude(n) / std::gcd(multiple, Magnitude(n)) : Magnitude(n);
    as_float *= static_cast<double>(factor);
    fits = fits && !__builtin_mul_overflow(multiple, factor, &multiple);
  }
  return fits ? FromMagnitude(ctx, multiple) : ctx.heap().Float(as_float);
}

template <typename Operation>
EvalResult Bitwise(CallContext& ctx, Args args, int64_t start, Operation operation) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i].is_int()) return ctx.TypeError(i, "integer", args[i]);
    start = operation(start, args[i].as_int());
  }
  return ctx.heap().Integer(start);
}
EvalResult BitAnd(CallContext& ctx, Args args) {
  return Bitwise(ctx, args, -1, [](int64_t a, int64_t b) { return a & b; });
}
EvalResult BitOr(CallContext& ctx, Args args) {
  return Bitwise(ctx, args, 0, [](int64_t a, int64_t b) { return a | b; });
}
EvalResult BitXor(CallContext& ctx, Args args) {
  return Bitwise(ctx, args, 0, [](int64_t a, int64_t b) { return a ^ b; });
}
EvalResult BitNot(CallContext& ctx, Args args) {
  return Bitwise(ctx, args, 0, [](int64_t, int64_t b) { return ~b; });
}
EvalResult BitCount(CallContext& ctx, Args args) {
  if (!args[0].is_int()) return ctx.TypeError(0, "integer", args[0]);
  const int64_t n = args[0].as_int();
  return Value::Fixnum(__builtin_popcountll(static_cast<unsigned long long>(n < 0 ? ~n : n)));
}

EvalResult Shift(CallContext& ctx, Args args) {
  for (size_t i = 0; i < 2; ++i) {
    if (!args[i].is_int()) return ctx.TypeError(i, "integer", args[i]);
  }
  constexpr int64_t kBits = 64;
  constexpr int64_t kMostOfFloat = 2000;  // infinite from 1024 on
  const int64_t n = args[0].as_int(), by = args[1].as_int();
  if (by <= -kBits) return Value::Fixnum(n < 0 ? -1 : 0);
  if (by <= 0) return ctx.heap().Integer(n >> -by);
  int64_t shifted = 0;
  if (n == 0) return Value::Fixnum(0);
  if (by < kBits - 1 && !__builtin_mul_overflow(n, int64_t{1} << by, &shifted)) {
    return ctx.heap().Integer(shifted);
  }
  return ctx.heap().Float(
      std::ldexp(static_cast<double>(n), static_cast<int>(std::min(by, kMostOfFloat))));
}

constexpr absl::string_view kIntro =
    "Whole floats count as integers in divisions: `(quotient 7.0 2)` is 3. The bits of a negative "
    "integer are those of its two's complement.";

constexpr Builtin kRows[] = {
    {"quotient", "n:int m:int -> int", Quotient, "N divided by M, rounded towards 0.",
     "(quotient 7 2) => 3\n(quotient -7 2) => -3\n(quotient 1 0) !! quotient: division by zero"},
    {"remainder", "n:int m:int -> int", Remainder,
     "What `quotient` leaves of N. It has the sign of N.",
     "(remainder 7 2) => 1\n(remainder -7 2) => -1"},
    {"modulo", "n:int m:int -> int", Modulo,
     "What `floor-quotient` leaves of N. It has the sign of M.",
     "(modulo 7 2) => 1\n(modulo -7 2) => 1"},
    {"floor-quotient", "n:int m:int -> int", FloorQuotient, "N divided by M, rounded down.",
     "(floor-quotient 7 2) => 3\n(floor-quotient -7 2) => -4", 1},
    {"floor-remainder", "n:int m:int -> int", Modulo, "The same as `modulo`.",
     "(floor-remainder -7 2) => 1", 1},
    {"truncate-quotient", "n:int m:int -> int", Quotient, "The same as `quotient`.",
     "(truncate-quotient -7 2) => -3", 1},
    {"truncate-remainder", "n:int m:int -> int", Remainder, "The same as `remainder`.",
     "(truncate-remainder -7 2) => -1", 1},
    {"odd?", "n:int -> bool", IsOdd, "Whether N is odd.",
     "(odd? 3) => #t\n(odd? 2.5) !! odd?: expected integer, got float", 1},
    {"even?", "n:int -> bool", IsEven, "Whether N is even.", "(even? 0) => #t\n(even? 3) => #f", 1},
    {"gcd", "n:int... -> int", Gcd, "The greatest common divisor.", "(gcd 12 -18) => 6\n(gcd) => 0",
     1},
    {"lcm", "n:int... -> int", Lcm, "The least common multiple.", "(lcm 4 -6) => 12\n(lcm) => 1",
     1},
    {"bitwise-and", "n:int... -> int", BitAnd, "The bits that all arguments have.",
     "(bitwise-and 12 10) => 8\n(bitwise-and) => -1", 1},
    {"bitwise-or", "n:int... -> int", BitOr, "The bits that any argument has.",
     "(bitwise-or 12 10) => 14", 1},
    {"bitwise-xor", "n:int... -> int", BitXor, "The bits that an odd number of arguments has.",
     "(bitwise-xor 12 10) => 6", 1},
    {"bitwise-not", "n:int -> int", BitNot, "The bits that N does not have.",
     "(bitwise-not 0) => -1\n(bitwise-not 5) => -6", 1},
    {"bit-count", "n:int -> int", BitCount,
     "How many bits of N are set; of a negative N, how many are not.", "(bit-count 7) => 3", 1},
    {"arithmetic-shift", "n:int count:int -> number", Shift,
     "N times 2 to the power of COUNT, rounded down: the bits of N moved to the left, or to the "
     "right when COUNT is negative.",
     "(arithmetic-shift 1 10) => 1024\n(arithmetic-shift -5 -1) => -3", 1},
};

}  // namespace

BuiltinTable IntegerBuiltins() { return {"Integers", kIntro, kRows}; }

}  // namespace pelagos::reml
