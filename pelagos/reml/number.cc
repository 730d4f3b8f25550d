#include "pelagos/reml/number.h"

#include <charconv>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pelagos::reml {
namespace {

// Runs of digits, and what else the grammar of numbers has.
size_t SkipDigits(absl::string_view word, size_t i) {
  while (i < word.size() && absl::ascii_isdigit(static_cast<unsigned char>(word[i]))) ++i;
  return i;
}

size_t SkipSign(absl::string_view word, size_t i) {
  return i < word.size() && (word[i] == '+' || word[i] == '-') ? i + 1 : i;
}

bool BothInt(Value a, Value b) { return a.is_int() && b.is_int(); }

}  // namespace

Value Add(Heap& heap, Value a, Value b) {
  if (BothInt(a, b)) {
    int64_t sum;
    if (!__builtin_add_overflow(a.as_int(), b.as_int(), &sum)) return heap.Integer(sum);
  }
  return heap.Float(a.as_double() + b.as_double());
}

Value Subtract(Heap& heap, Value a, Value b) {
  if (BothInt(a, b)) {
    int64_t difference;
    if (!__builtin_sub_overflow(a.as_int(), b.as_int(), &difference)) {
      return heap.Integer(difference);
    }
  }
  return heap.Float(a.as_double() - b.as_double());
}

Value Multiply(Heap& heap, Value a, Value b) {
  if (BothInt(a, b)) {
    int64_t product;
    if (!__builtin_mul_overflow(a.as_int(), b.as_int(), &product)) return heap.Integer(product);
  }
  return heap.Float(a.as_double() * b.as_double());
}

std::optional<Value> Divide(Heap& heap, Value a, Value b) {
  if (BothInt(a, b)) {
    const int64_t x = a.as_int(), y = b.as_int();
    if (y == 0) return std::nullopt;
    if (y == -1) return Subtract(heap, Value::Fixnum(0), a);  // INT64_MIN / -1 traps
    if (x % y == 0) return heap.Integer(x / y);
  }
  // IEEE division, written so that a sanitizer does not take x / 0.0 for a mistake.
  const double x = a.as_double(), y = b.as_double();
  if (y == 0) {
    if (x == 0 || std::isnan(x)) return heap.Float(std::nan(""));
    return heap.Float(std::signbit(x) == std::signbit(y) ? HUGE_VAL : -HUGE_VAL);
  }
  return heap.Float(x / y);
}

Value Power(Heap& heap, Value base, Value exponent) {
  if (BothInt(base, exponent) && exponent.as_int() >= 0) {
    int64_t result = 1, square = base.as_int();
    bool fits = true;
    for (uint64_t left = static_cast<uint64_t>(exponent.as_int()); left != 0 && fits;) {
      if ((left & 1) != 0) fits = !__builtin_mul_overflow(result, square, &result);
      left >>= 1;
      if (left != 0 && fits) fits = !__builtin_mul_overflow(square, square, &square);
    }
    if (fits) return heap.Integer(result);
  }
  return heap.Float(std::pow(base.as_double(), exponent.as_double()));
}

std::optional<int> Compare(Value a, Value b) {
  if (BothInt(a, b)) {
    return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int() ? 1 : 0;
  }
  // The x87 format holds every 64-bit integer and every double.
  static_assert(sizeof(long double) >= 10);
  const auto wide = [](Value v) {
    return v.is_int() ? static_cast<long double>(v.as_int())
                      : static_cast<long double>(v.as_float());
  };
  const long double x = wide(a), y = wide(b);
  if (std::isnan(x) || std::isnan(y)) return std::nullopt;
  return x < y ? -1 : x > y ? 1 : 0;
}

std::optional<int64_t> ToInteger(Value value) {
  if (value.is_int()) return value.as_int();
  if (!value.is_float()) return std::nullopt;
  const double d = value.as_float();
  constexpr double kEnd = 9223372036854775808.0;  // 2^63, the first that does not fit
  if (!(d >= -kEnd && d < kEnd) || std::trunc(d) != d) return std::nullopt;
  return static_cast<int64_t>(d);
}

std::variant<int64_t, double, NotANumber> ParseNumber(absl::string_view word) {
  const size_t start = SkipSign(word, 0);
  size_t i = SkipDigits(word, start);
  size_t digits = i - start;
  if (i == word.size()) {
    if (digits == 0) return NotANumber::kNotNumber;
    int64_t integer;
    if (!absl::SimpleAtoi(word, &integer)) return NotANumber::kOutOfRange;
    return integer;
  }
  if (word[i] == '.') {
    const size_t fraction = i + 1;
    i = SkipDigits(word, fraction);
    digits += i - fraction;
  }
  if (digits == 0) return NotANumber::kNotNumber;
  if (i < word.size() && (word[i] == 'e' || word[i] == 'E')) {
    const size_t exponent = SkipSign(word, i + 1);
    i = SkipDigits(word, exponent);
    if (i == exponent) return NotANumber::kNotNumber;
  }
  if (i != word.size()) return NotANumber::kNotNumber;
  double d;
  if (!absl::SimpleAtod(word, &d) || !std::isfinite(d)) return NotANumber::kOutOfRange;
  return d;
}

std::string FormatFloat(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  // "-d.ddde-xx": the shortest digits; the point is then put where it belongs.
  char buffer[32];
  const std::to_chars_result end =
      std::to_chars(buffer, buffer + sizeof buffer, std::fabs(d), std::chars_format::scientific);
  const absl::string_view text(buffer, static_cast<size_t>(end.ptr - buffer));
  const size_t e = text.find('e');
  int exponent = 0;
  if (!absl::SimpleAtoi(text.substr(e + 1), &exponent)) exponent = 0;
  std::string digits(text.substr(0, 1));
  if (e > 2) absl::StrAppend(&digits, text.substr(2, e - 2));
  const absl::string_view sign = std::signbit(d) ? "-" : "";
  const int count = static_cast<int>(digits.size());
  if (exponent < 0) {
    return absl::StrCat(sign, "0.", std::string(static_cast<size_t>(-exponent - 1), '0'), digits);
  }
  if (exponent + 1 >= count) {
    return absl::StrCat(sign, digits, std::string(static_cast<size_t>(exponent + 1 - count), '0'),
                        ".0");
  }
  const absl::string_view all = digits;
  const size_t whole = static_cast<size_t>(exponent) + 1;
  return absl::StrCat(sign, all.substr(0, whole), ".", all.substr(whole));
}

}  // namespace pelagos::reml
