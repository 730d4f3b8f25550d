// Sizes in bytes as people write them: "64m", "1.5g".
//
// Units are powers of 1024, as in docker-run(1). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

// Sizes that the compiler checks: 64_MiB. Too large a number does not compile.
void SizeTooLarge();  // never defined: having to call it is the compile error
namespace internal {
consteval uint64_t Shifted(unsigned long long n, int shift) {
  if (n > (~0ull >> shift)) SizeTooLarge();
  return n << shift;
}
}  // namespace internal
consteval uint64_t operator""_KiB(unsigned long long n) { return internal::Shifted(n, 10); }
consteval uint64_t operator""_MiB(unsigned long long n) { return internal::Shifted(n, 20); }
consteval uint64_t operator""_GiB(unsigned long long n) { return internal::Shifted(n, 30); }

namespace internal {

// "12.345" as 12 and {345, 3 digits}; more than `max_digits` of a fraction are refused, whole parts
// beyond 10^15 too. `rest` gets what follows the number.
struct Decimal {
  uint64_t whole = 0;
  uint64_t fraction = 0;
  uint64_t scale = 1;  // 10^digits of the fraction
};
constexpr std::optional<Decimal> ParseDecimal(absl::string_view text, int max_digits,
                                              absl::string_view* rest) {
  constexpr auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  Decimal number;
  size_t at = 0;
  while (at < text.size() && is_digit(text[at])) {
    if (number.whole > 1000000000000000) return std::nullopt;
    number.whole = number.whole * 10 + static_cast<uint64_t>(text[at++] - '0');
  }
  bool any = at > 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    int digits = 0;
    while (at < text.size() && is_digit(text[at])) {
      if (++digits > max_digits) return std::nullopt;
      number.fraction = number.fraction * 10 + static_cast<uint64_t>(text[at++] - '0');
      number.scale *= 10;
    }
    if (digits == 0) return std::nullopt;
    any = true;
  }
  if (!any) return std::nullopt;
  *rest = text.substr(at);
  return number;
}

// "b", "k", "kb", "kib" ... "t" in any case, as a power of two; "" is bytes.
constexpr std::optional<int> ByteUnitShift(absl::string_view unit) {
  constexpr auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  if (unit.empty()) return 0;
  int shift = -1;
  constexpr absl::string_view kUnits = "bkmgt";
  for (size_t i = 0; i < kUnits.size(); ++i) {
    if (lower(unit[0]) == kUnits[i]) shift = 10 * static_cast<int>(i);
  }
  if (shift < 0) return std::nullopt;
  const absl::string_view tail = unit.substr(1);
  if (tail.empty()) return shift;
  if (shift == 0) return std::nullopt;
  if (tail.size() == 1 && lower(tail[0]) == 'b') return shift;
  if (tail.size() == 2 && lower(tail[0]) == 'i' && lower(tail[1]) == 'b') return shift;
  return std::nullopt;
}

}  // namespace internal

// "64m", "1.5g", "512k", "1073741824", "100b"; case does not matter; nullopt if it is no positive
// size or does not fit. Units are powers of 1024, as in docker-run(1). No floating point: "1.5g"
// is 1610612736 exactly, and a part of a byte is cut off.
constexpr std::optional<uint64_t> ParseByteSize(absl::string_view text) {
  absl::string_view unit;
  const std::optional<internal::Decimal> number = internal::ParseDecimal(text, 6, &unit);
  if (!number) return std::nullopt;
  const std::optional<int> shift = internal::ByteUnitShift(unit);
  if (!shift || (*shift == 0 && number->scale > 1)) return std::nullopt;
  constexpr uint64_t kMost = uint64_t{1} << 62;
  if (number->whole > (kMost >> *shift)) return std::nullopt;
  // fraction < 10^6 < 2^20 and shift <= 40: fits.
  const uint64_t bytes = (number->whole << *shift) + (number->fraction << *shift) / number->scale;
  if (bytes == 0) return std::nullopt;
  return bytes;
}

// The text that ParseByteSize reads as `bytes`, with the largest unit that divides it: "64m".
inline std::string ByteSizeText(uint64_t bytes) {
  constexpr absl::string_view kUnits = "kmgt";
  if (bytes == 0 || bytes % 1024 != 0) return std::to_string(bytes);
  size_t unit = 0;
  bytes /= 1024;
  while (bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + kUnits[unit];
}

}  // namespace pelagos
