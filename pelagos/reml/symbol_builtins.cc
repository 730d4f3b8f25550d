// Symbols, and numbers as text.
#include <algorithm>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/builtins.h"
#include "pelagos/reml/number.h"
#include "pelagos/reml/text_arguments.h"

namespace pelagos::reml {
namespace {

// The value of a digit in any radix; 36 for what is none.
int64_t DigitInRadix(char c) {
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
    const int64_t digit = DigitInRadix(c);
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
  if (MaybeError error = ExpectStrings(ctx, args, 0, 1)) return *error;
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

EvalResult SymbolToString(CallContext& ctx, Args args) {
  if (!args[0].is_symbol()) return ctx.TypeError(0, "symbol", args[0]);
  return ctx.heap().String(std::string(args[0].text()));
}

EvalResult StringToSymbol(CallContext& ctx, Args args) {
  if (MaybeError error = ExpectStrings(ctx, args)) return *error;
  return ctx.heap().Intern(args[0].text());
}

EvalResult SameSymbols(CallContext& ctx, Args args) {
  bool same = true;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i].is_symbol()) return ctx.TypeError(i, "symbol", args[i]);
    same = same && args[i] == args[0];
  }
  return Value::Bool(same);
}

EvalResult SymbolAppend(CallContext& ctx, Args args) {
  std::string name;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i].is_symbol()) return ctx.TypeError(i, "symbol", args[i]);
    if (!ctx.Charge(args[i].text().size() / kBytesPerStep)) return ctx.OutOfSteps();
    if (!ctx.Fits(name.size() + args[i].text().size())) return ctx.OutOfMemory();
    absl::StrAppend(&name, args[i].text());
  }
  return ctx.heap().Intern(name);
}

constexpr Builtin kRows[] = {
    {"symbol->string", "symbol:symbol -> string", SymbolToString, "The name of SYMBOL.",
     R"((symbol->string 'abc) => "abc"
(symbol->string "a") !! symbol->string: expected symbol, got string)"},
    {"string->symbol", "text:string -> symbol", StringToSymbol, "The symbol whose name is TEXT.",
     R"((string->symbol "abc") => abc)"},
    {"symbol=?", "a:symbol b:symbol more:symbol... -> bool", SameSymbols,
     "Whether A, B and MORE are the same symbol.",
     R"((symbol=? 'a 'a 'b) => #f
(symbol=? 'a "a") !! symbol=?: expected symbol, got string)",
     1},
    {"symbol-append", "symbol:symbol... -> symbol", SymbolAppend,
     "The symbol whose name is that of all SYMBOL, one after the other.",
     R"((symbol-append 'web '- 'db) => web-db)", 1},
    {"string->number", "text:string [radix:int] -> number|bool", StringToNumber,
     "The number that TEXT shows, to the base RADIX, which is 10 or from 2 to 36; `#f` when it "
     "shows none. Only integers are read to other bases than 10.",
     R"((string->number "4.5") => 4.5
(string->number "ff" 16) => 255
(string->number "x") => #f
(string->number "1" 99) !! string->number: unsupported radix)"},
    {"number->string", "n:number [radix:int] -> string", NumberToString,
     "The digits of N to the base RADIX: 2, 8, 10 or 16; 10 when it is left out. A float that is a "
     "whole number has no `.0` here, and negative integers to other bases than 10 are shown as "
     "their 64 bits.",
     R"((number->string 255 16) => "ff"
(number->string 2.0) => "2"
(number->string -5 16) => "fffffffffffffffb")"},
};

}  // namespace

BuiltinTable SymbolBuiltins() { return {"Symbols, and numbers as text", "", kRows}; }

}  // namespace pelagos::reml
