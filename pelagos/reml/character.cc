#include "pelagos/reml/character.h"

#include <algorithm>

#include "absl/types/span.h"
#include "pelagos/reml/character_tables.h"

namespace pelagos::reml {
namespace {

// The row of a table that holds `c`; nullptr when there is none.
template <typename Row>
const Row* Find(absl::Span<const Row> table, char32_t c) {
  const auto row = std::lower_bound(table.begin(), table.end(), c,
                                    [](const Row& r, char32_t sought) { return r.last < sought; });
  if (row == table.end() || c < row->first || (c - row->first) % row->step != 0) return nullptr;
  return &*row;
}

char32_t Map(absl::Span<const CaseRange> table, char32_t c) {
  const CaseRange* row = Find(table, c);
  return row == nullptr ? c : static_cast<char32_t>(static_cast<int32_t>(c) + row->distance);
}

constexpr bool IsAscii(char32_t c) { return c < 0x80; }
constexpr bool IsAsciiUpper(char32_t c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsAsciiLower(char32_t c) { return c >= 'a' && c <= 'z'; }

}  // namespace

char32_t UpperCase(char32_t c) {
  if (IsAscii(c)) return IsAsciiLower(c) ? c - 32 : c;
  return Map(UpperCaseTable(), c);
}

char32_t LowerCase(char32_t c) {
  if (IsAscii(c)) return IsAsciiUpper(c) ? c + 32 : c;
  return Map(LowerCaseTable(), c);
}

char32_t FoldCase(char32_t c) {
  if (IsAscii(c)) return LowerCase(c);
  // The Turkish letters i have no fold; Cherokee folds to its capitals.
  if (c == 0x130 || c == 0x131) return c;
  if (c >= 0x13a0 && c <= 0x13fd) return UpperCase(c);
  if (c >= 0xab70 && c <= 0xabbf) return UpperCase(c);
  return LowerCase(UpperCase(c));
}

bool IsAlphabetic(char32_t c) {
  if (IsAscii(c)) return IsAsciiLower(c) || IsAsciiUpper(c);
  return Find(AlphabeticTable(), c) != nullptr;
}

bool IsUpperCase(char32_t c) {
  if (IsAscii(c)) return IsAsciiUpper(c);
  return Find(UpperCaseLetters(), c) != nullptr;
}

bool IsLowerCase(char32_t c) {
  if (IsAscii(c)) return IsAsciiLower(c);
  return Find(LowerCaseLetters(), c) != nullptr;
}

bool IsWhitespace(char32_t c) {
  if (IsAscii(c)) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

std::optional<int> DigitValue(char32_t c) {
  const absl::Span<const char32_t> zeros = Zeros();
  const auto after = std::upper_bound(zeros.begin(), zeros.end(), c);
  if (after == zeros.begin()) return std::nullopt;
  const char32_t value = c - *(after - 1);
  if (value > 9) return std::nullopt;
  return static_cast<int>(value);
}

}  // namespace pelagos::reml
