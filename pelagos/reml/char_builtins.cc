// Characters, as R7RS has them.
#include <string>

#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/character.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

EvalResult IsChar(CallContext&, Args args) { return Value::Bool(args[0].is_char()); }

EvalResult CharToInteger(CallContext& ctx, Args args) {
  if (!args[0].is_char()) return ctx.TypeError(0, "char", args[0]);
  return ctx.heap().Integer(static_cast<int64_t>(args[0].as_char()));
}

EvalResult IntegerToChar(CallContext& ctx, Args args) {
  if (!args[0].is_int()) return ctx.TypeError(0, "integer", args[0]);
  const int64_t code = args[0].as_int();
  if (code < 0 || code > 0x10ffff || !IsScalarValue(static_cast<uint32_t>(code))) {
    return ctx.Error(ctx.ArgSpan(0), absl::StrCat("integer->char: no character has number ", code));
  }
  return Value::Char(static_cast<char32_t>(code));
}

// `kHolds` says what is wanted of each two neighbours.
template <bool (*kHolds)(char32_t, char32_t), bool kFold = false>
EvalResult Compare(CallContext& ctx, Args args) {
  bool holds = true;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i].is_char()) return ctx.TypeError(i, "char", args[i]);
    if (i == 0) continue;
    const char32_t a = args[i - 1].as_char(), b = args[i].as_char();
    holds = holds && (kFold ? kHolds(FoldCase(a), FoldCase(b)) : kHolds(a, b));
  }
  return Value::Bool(holds);
}

bool IsSame(char32_t a, char32_t b) { return a == b; }
bool IsLess(char32_t a, char32_t b) { return a < b; }
bool IsGreater(char32_t a, char32_t b) { return a > b; }
bool IsNotGreater(char32_t a, char32_t b) { return a <= b; }
bool IsNotLess(char32_t a, char32_t b) { return a >= b; }

template <char32_t (*kMap)(char32_t)>
EvalResult MapCase(CallContext& ctx, Args args) {
  if (!args[0].is_char()) return ctx.TypeError(0, "char", args[0]);
  return Value::Char(kMap(args[0].as_char()));
}

template <bool (*kIs)(char32_t)>
EvalResult Is(CallContext& ctx, Args args) {
  if (!args[0].is_char()) return ctx.TypeError(0, "char", args[0]);
  return Value::Bool(kIs(args[0].as_char()));
}

bool IsNumeric(char32_t c) { return DigitValue(c).has_value(); }

EvalResult ValueOfDigit(CallContext& ctx, Args args) {
  if (!args[0].is_char()) return ctx.TypeError(0, "char", args[0]);
  const std::optional<int> value = DigitValue(args[0].as_char());
  return value ? Value::Fixnum(*value) : Value::Bool(false);
}

constexpr Builtin kRows[] = {
    {"char?", "x:any -> bool", IsChar, "Whether X is a character.",
     R"((char? #\a) => #t
(char? "a") => #f)",
     1},
    {"char->integer", "c:char -> int", CharToInteger, "The number that Unicode gives C.",
     R"((char->integer #\A) => 65
(char->integer "A") !! char->integer: expected char, got string)",
     1},
    {"integer->char", "n:int -> char", IntegerToChar, "The character number N of Unicode.",
     R"((integer->char 955) => #\λ
(integer->char -1) !! integer->char: no character has number -1)",
     1},
    {"char=?", "a:char b:char more:char... -> bool", Compare<IsSame>,
     "Whether all of A, B and MORE are the same.", R"((char=? #\a #\a) => #t)", 1},
    {"char<?", "a:char b:char more:char... -> bool", Compare<IsLess>,
     "Whether each character has a lower number than the next.", R"((char<? #\a #\b #\c) => #t)",
     1},
    {"char>?", "a:char b:char more:char... -> bool", Compare<IsGreater>,
     "Whether each character has a higher number than the next.", R"((char>? #\a #\b) => #f)", 1},
    {"char<=?", "a:char b:char more:char... -> bool", Compare<IsNotGreater>,
     "Whether no character has a higher number than the next.", R"((char<=? #\0 #\5 #\9) => #t)",
     1},
    {"char>=?", "a:char b:char more:char... -> bool", Compare<IsNotLess>,
     "Whether no character has a lower number than the next.", R"((char>=? #\b #\a #\a) => #t)", 1},
    {"char-ci=?", "a:char b:char more:char... -> bool", Compare<IsSame, true>,
     "Whether A, B and MORE are the same but for their case.", R"((char-ci=? #\a #\A) => #t)", 1},
    {"char-ci<?", "a:char b:char more:char... -> bool", Compare<IsLess, true>,
     "As `char<?`, without regard to case.", R"((char-ci<? #\a #\B) => #t)", 1},
    {"char-ci>?", "a:char b:char more:char... -> bool", Compare<IsGreater, true>,
     "As `char>?`, without regard to case.", R"((char-ci>? #\a #\B) => #f)", 1},
    {"char-ci<=?", "a:char b:char more:char... -> bool", Compare<IsNotGreater, true>,
     "As `char<=?`, without regard to case.", R"((char-ci<=? #\a #\A) => #t)", 1},
    {"char-ci>=?", "a:char b:char more:char... -> bool", Compare<IsNotLess, true>,
     "As `char>=?`, without regard to case.", R"((char-ci>=? #\a #\A) => #t)", 1},
    {"char-upcase", "c:char -> char", MapCase<UpperCase>,
     "The capital of C; C itself when it has none.", R"((char-upcase #\é) => #\É)", 1},
    {"char-downcase", "c:char -> char", MapCase<LowerCase>,
     "The small letter of C; C itself when it has none.", R"((char-downcase #\É) => #\é)", 1},
    {"char-foldcase", "c:char -> char", MapCase<FoldCase>,
     "The same character for all that differ from C in case only.", R"((char-foldcase #\ς) => #\σ)",
     1},
    {"char-alphabetic?", "c:char -> bool", Is<IsAlphabetic>, "Whether C is a letter.",
     R"((char-alphabetic? #\ж) => #t
(char-alphabetic? #\1) => #f)",
     1},
    {"char-numeric?", "c:char -> bool", Is<IsNumeric>, "Whether C is a decimal digit.",
     R"((char-numeric? #\7) => #t)", 1},
    {"char-whitespace?", "c:char -> bool", Is<IsWhitespace>, "Whether C is white space.",
     R"((char-whitespace? #\newline) => #t)", 1},
    {"char-upper-case?", "c:char -> bool", Is<IsUpperCase>, "Whether C is a capital letter.",
     R"((char-upper-case? #\A) => #t)", 1},
    {"char-lower-case?", "c:char -> bool", Is<IsLowerCase>, "Whether C is a small letter.",
     R"((char-lower-case? #\A) => #f)", 1},
    {"digit-value", "c:char -> int|bool", ValueOfDigit,
     "The value of the decimal digit C, of any script; `#f` when C is none.",
     R"((digit-value #\7) => 7
(digit-value #\a) => #f)",
     1},
};

}  // namespace

BuiltinTable CharBuiltins() {
  return {
      "Characters",
      "A character is one code point of Unicode. `#\\a` is the letter a; `#\\space`, "
      "`#\\newline`, `#\\tab`, `#\\return`, `#\\null`, `#\\alarm`, `#\\backspace`, `#\\delete`, "
      "`#\\escape` and `#\\x3bb` name others.",
      kRows};
}

}  // namespace pelagos::reml
