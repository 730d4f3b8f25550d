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

// Appends the character. Requires: a Unicode scalar value.
void AppendUtf8(char32_t c, std::string* out);
// The character that begins at `at`, which is moved behind it. Requires: valid UTF-8, at < size.
char32_t NextCharacter(absl::string_view text, size_t& at);

// What follows #\ (R7RS 6.6): the character itself, or "space", "newline", ..., or "x7" when it
// would not show.
void AppendCharacterName(char32_t c, std::string* out);
// The character of such a name; nullopt when there is none.
std::optional<char32_t> CharacterNamed(absl::string_view name);
inline bool IsScalarValue(uint32_t c) { return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff); }

// Every character by itself, see character.h.
std::string ToUpper(absl::string_view text);
std::string ToLower(absl::string_view text);
std::string ToFolded(absl::string_view text);

}  // namespace pelagos::reml
