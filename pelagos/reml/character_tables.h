// The tables behind character.h, in the order of the characters.
#pragma once

#include <cstdint>

#include "absl/types/span.h"

namespace pelagos::reml {

// first, first + step, ..., last.
struct CharacterRange {
  char32_t first, last;
  uint32_t step;
};

// The same, and what is added to each to get its other case.
struct CaseRange {
  char32_t first, last;
  int32_t distance;
  uint32_t step;
};

absl::Span<const CaseRange> UpperCaseTable();
absl::Span<const CaseRange> LowerCaseTable();
absl::Span<const CharacterRange> AlphabeticTable();
absl::Span<const CharacterRange> UpperCaseLetters();
absl::Span<const CharacterRange> LowerCaseLetters();
// The zeros of all scripts; the other nine digits follow each.
absl::Span<const char32_t> Zeros();

}  // namespace pelagos::reml
