// Strings, symbols, and numbers as text.
#include <algorithm>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/number.h"
#include "pelagos/reml/text.h"

namespace pelagos::reml {
namespace {

using Args = absl::Span<const Value>;

// Work on text is counted in pieces of this many bytes.
constexpr size_t kBytesPerStep = 64;

// Checks that all arguments are strings, and counts their length as work.
std::optional<EvalResult> ExpectStrings(CallContext& ctx, Args args) {
  size_t bytes = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i].is_string()) return ctx.TypeError(i, "string", args[i]);
    bytes += args[i].text().size();
  }
  if (!ctx.Charge(bytes / kBytesPerStep)) return ctx.OutOfSteps();
  if (!ctx.Fits(bytes)) return ctx.OutOfMemory();
  return std::nullopt;
}

EvalResult StringAppend(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args)) return *error;
  std::string all;
  for (Value arg : args) absl::StrAppend(&all, arg.text());
  return ctx.heap().String(std::move(all));
}

EvalResult StringLength(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().Integer(static_cast<int64_t>(CharacterCount(args[0].text())));
}

EvalResult Substring(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args.subspan(0, 1))) return *error;
  const absl::string_view text = args[0].text();
  size_t ends[2] = {0, text.size()};
  for (size_t i = 1; i < args.size(); ++i) {
    if (!args[i].is_int()) return ctx.TypeError(i, "integer", args[i]);
    const int64_t index = args[i].as_int();
    const std::optional<size_t> offset =
        index < 0 ? std::nullopt : ByteOffset(text, static_cast<size_t>(index));
    if (!offset) return ctx.Error(ctx.ArgSpan(i), "substring: index out of range");
    ends[i - 1] = *offset;
  }
  if (ends[0] > ends[1]) return ctx.Error(ctx.ArgSpan(1), "substring: index out of range");
  return ctx.heap().String(std::string(text.substr(ends[0], ends[1] - ends[0])));
}

// The value of a digit in any radix; 36 for what is none.
int64_t DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 36;
}

std::optional<int64_t> ParseInRadix(absl::string_view text, int64_t radix) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  int64_t result = 0;
  for (char c : text) {
    const int64_t digit = DigitValue(c);
    if (digit >= radix || __builtin_mul_overflow(result, radix, &result) ||
        __builtin_add_overflow(result, negative ? -digit : digit, &result)) {
      return std::nullopt;
    }
  }
  return result;
}

// The radix that the second argument gives, 10 without one; 0 when it is no good one.
int64_t Radix(Args args) {
  if (args.size() < 2) return 10;
  if (!args[1].is_int()) return 0;
  const int64_t radix = args[1].as_int();
  return radix >= 2 && radix <= 36 ? radix : 0;
}

EvalResult StringToNumber(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args.subspan(0, 1))) return *error;
  const int64_t radix = Radix(args);
  if (radix == 0) return ctx.Error(ctx.ArgSpan(1), "string->number: unsupported radix");
  if (radix != 10) {
    const std::optional<int64_t> integer = ParseInRadix(args[0].text(), radix);
    return integer ? ctx.heap().Integer(*integer) : Value::Bool(false);
  }
  const std::variant<int64_t, double, NotANumber> number = ParseNumber(args[0].text());
  if (const int64_t* integer = std::get_if<int64_t>(&number)) return ctx.heap().Integer(*integer);
  if (const double* d = std::get_if<double>(&number)) return ctx.heap().Float(*d);
  return Value::Bool(false);
}

EvalResult NumberToString(CallContext& ctx, Args args) {
  if (!args[0].is_number()) return ctx.TypeError(0, "number", args[0]);
  const int64_t radix = Radix(args);
  if (radix != 2 && radix != 8 && radix != 10 && radix != 16) {
    return ctx.Error(ctx.ArgSpan(1), "number->string: unsupported radix");
  }
  if (args[0].is_float()) {
    std::string text = FormatFloat(args[0].as_float());
    if (absl::EndsWith(text, ".0")) text.resize(text.size() - 2);
    return ctx.heap().String(std::move(text));
  }
  if (radix == 10) return ctx.heap().String(absl::StrCat(args[0].as_int()));
  // Negative numbers are shown as their two's complement.
  std::string digits;
  uint64_t left = static_cast<uint64_t>(args[0].as_int());
  do {
    digits.push_back("0123456789abcdef"[left % static_cast<uint64_t>(radix)]);
    left /= static_cast<uint64_t>(radix);
  } while (left != 0);
  std::reverse(digits.begin(), digits.end());
  return ctx.heap().String(std::move(digits));
}

EvalResult StringUpcase(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().String(ToUpper(args[0].text()));
}

EvalResult StringDowncase(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().String(ToLower(args[0].text()));
}

EvalResult StringEquals(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args)) return *error;
  return Value::Bool(args[0].text() == args[1].text());
}

EvalResult StringLess(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args)) return *error;
  return Value::Bool(args[0].text() < args[1].text());
}

EvalResult StringGreater(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args)) return *error;
  return Value::Bool(args[0].text() > args[1].text());
}

EvalResult StringContains(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args)) return *error;
  // At worst every byte of one is compared with every byte of the other.
  const size_t work = args[0].text().size() / kBytesPerStep * args[1].text().size();
  if (!ctx.Charge(work)) return ctx.OutOfSteps();
  return Value::Bool(absl::StrContains(args[0].text(), args[1].text()));
}

EvalResult SymbolToString(CallContext& ctx, Args args) {
  if (!args[0].is_symbol()) return ctx.TypeError(0, "symbol", args[0]);
  return ctx.heap().String(std::string(args[0].text()));
}

EvalResult StringToSymbol(CallContext& ctx, Args args) {
  if (std::optional<EvalResult> error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().Intern(args[0].text());
}

constexpr Builtin kRows[] = {
    {"string-append", "text:string... -> string", StringAppend, ""},
    {"string-length", "text:string -> int", StringLength, "In characters."},
    {"substring", "text:string start:int [end:int] -> string", Substring, "In characters."},
    {"string->number", "text:string [radix:int] -> number|bool", StringToNumber,
     "#f if it is none."},
    {"number->string", "n:number [radix:int] -> string", NumberToString, ""},
    {"string-upcase", "text:string -> string", StringUpcase, ""},
    {"string-downcase", "text:string -> string", StringDowncase, ""},
    {"string=?", "a:string b:string -> bool", StringEquals, ""},
    {"string<?", "a:string b:string -> bool", StringLess, ""},
    {"string>?", "a:string b:string -> bool", StringGreater, ""},
    {"string-contains", "text:string part:string -> bool", StringContains, "#t or #f."},
    {"symbol->string", "symbol:symbol -> string", SymbolToString, ""},
    {"string->symbol", "text:string -> symbol", StringToSymbol, ""},
};

}  // namespace

BuiltinTable StringBuiltins() { return {"Strings", "", kRows}; }

}  // namespace pelagos::reml
