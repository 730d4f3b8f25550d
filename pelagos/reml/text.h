// Strings of reml are UTF-8, and programs count in characters (code points).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos::reml {

inline bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

inline size_t CharacterCount(absl::string_view text) {
  size_t count = 0;
  for (char c : text) count += ContinuesCharacter(c) ? 0 : 1;
  return count;
}

// The byte at which character number `index` begins; text.size() for the one after the last.
// nullopt beyond that.
inline std::optional<size_t> ByteOffset(absl::string_view text, size_t index) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (ContinuesCharacter(text[i])) continue;
    if (index-- == 0) return i;
  }
  if (index == 0) return text.size();
  return std::nullopt;
}

// The offset of the first byte that is not UTF-8 (RFC 3629: no surrogates, no overlong forms).
std::optional<size_t> FindInvalidUtf8(absl::string_view text);

// Case mapping, one character to one, of the Latin, Greek, Cyrillic and Armenian alphabets; other
// characters stay as they are.
std::string ToUpper(absl::string_view text);
std::string ToLower(absl::string_view text);

}  // namespace pelagos::reml
