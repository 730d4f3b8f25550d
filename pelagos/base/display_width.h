// How many columns of a terminal a text takes, independent of any locale.
//
// Source: Unicode Standard Annex 11, "East Asian Width" (W and F take two); combining marks and
// joiners take none. Bytes that are no UTF-8 take one each, and so do control characters: who
// prints texts of others has them replaced before (Printable).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

namespace internal {

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 1;
};

// The first code point of a text that is not empty. What is no UTF-8 is one byte of value 0.
constexpr CodePoint FirstCodePoint(absl::string_view text) {
  const auto byte = [text](size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {};
  uint32_t value = first & (0xffu >> (bytes + 1));
  for (size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(at) & 0x3fu);
  }
  return {value, bytes};
}

struct CodeRange {
  uint32_t first, last;
};

constexpr CodeRange kZeroWide[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},  {0x064b, 0x065f},
    {0x0900, 0x0902}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},  {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},  {0x20d0, 0x20f0},
    {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef}};

constexpr CodeRange kTwoWide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x2614, 0x2615},   {0x26a1, 0x26a1},   {0x2705, 0x2705},   {0x274c, 0x274c},
    {0x2753, 0x2757},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd}};

constexpr bool IsIn(const CodeRange* begin, const CodeRange* end, uint32_t value) {
  for (const CodeRange* range = begin; range != end; ++range) {
    if (value <= range->last) return value >= range->first;
  }
  return false;
}

constexpr size_t WidthOf(uint32_t value) {
  if (value < 0x300) return 1;
  if (IsIn(std::begin(kZeroWide), std::end(kZeroWide), value)) return 0;
  return IsIn(std::begin(kTwoWide), std::end(kTwoWide), value) ? 2 : 1;
}

}  // namespace internal

constexpr size_t DisplayWidth(absl::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const internal::CodePoint point = internal::FirstCodePoint(text);
    width += internal::WidthOf(point.value);
    text.remove_prefix(point.bytes);
  }
  return width;
}

// What a terminal would obey instead of showing it (C0, DEL, C1) as blanks. Tabs and line ends too.
inline std::string Printable(absl::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const internal::CodePoint point = internal::FirstCodePoint(text);
    const bool broken = point.value == 0;  // NUL, or no UTF-8: as good as a blank
    if (broken || point.value < 0x20 || (point.value >= 0x7f && point.value < 0xa0)) {
      shown += ' ';
    } else {
      shown.append(text.data(), point.bytes);
    }
    text.remove_prefix(point.bytes);
  }
  return shown;
}

// The text, or as much of it as fits into `width` columns with a "…" at its end. Requires: width>0.
inline std::string Ellipsis(absl::string_view text, size_t width) {
  if (text.size() <= width || DisplayWidth(text) <= width) return std::string(text);
  size_t bytes = 0;
  for (size_t used = 0; bytes < text.size();) {
    const internal::CodePoint point = internal::FirstCodePoint(text.substr(bytes));
    used += internal::WidthOf(point.value);
    if (used > width - 1) break;
    bytes += point.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

}  // namespace pelagos
