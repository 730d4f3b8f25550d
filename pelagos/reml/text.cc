#include "pelagos/reml/text.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/reml/character.h"

namespace pelagos::reml {
namespace {

struct Decoded {
  uint32_t character = 0;
  size_t size = 0;  // 0: no character begins here
};

Decoded Decode(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  uint32_t character = lead & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if (!ContinuesCharacter(text[i])) return {};
    character = (character << 6) | (byte(i) & 0x3fu);
  }
  const uint32_t least = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
  if (character < least || character > 0x10ffff) return {};
  if (character >= 0xd800 && character <= 0xdfff) return {};
  return {character, size};
}

void Encode(uint32_t c, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

std::string Map(absl::string_view text, char32_t (*map)(char32_t)) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded decoded = Decode(text);
    if (decoded.size == 0) {
      out.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    Encode(map(decoded.character), &out);
    text.remove_prefix(decoded.size);
  }
  return out;
}

}  // namespace

std::optional<size_t> FindInvalidUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const Decoded decoded = Decode(text.substr(i));
    if (decoded.size == 0) return i;
    i += decoded.size;
  }
  return std::nullopt;
}

std::string ToUpper(absl::string_view text) { return Map(text, UpperCase); }
std::string ToLower(absl::string_view text) { return Map(text, LowerCase); }
std::string ToFolded(absl::string_view text) { return Map(text, FoldCase); }

void AppendUtf8(char32_t c, std::string* out) { Encode(c, out); }

char32_t NextCharacter(absl::string_view text, size_t& at) {
  const Decoded decoded = Decode(text.substr(at));
  at += decoded.size;
  return decoded.character;
}

namespace {

struct NamedCharacter {
  absl::string_view name;
  char32_t character;
};

constexpr NamedCharacter kNamedCharacters[] = {
    {"alarm", 7}, {"backspace", 8}, {"delete", 0x7f}, {"escape", 0x1b}, {"newline", '\n'},
    {"null", 0},  {"return", '\r'}, {"space", ' '},   {"tab", '\t'},
};

}  // namespace

void AppendCharacterName(char32_t c, std::string* out) {
  for (const NamedCharacter& named : kNamedCharacters) {
    if (named.character == c) {
      absl::StrAppend(out, named.name);
      return;
    }
  }
  // Controls, and spaces that are no ordinary one.
  const bool hidden = c < 0x20 || (c >= 0x7f && c < 0xa1) || c == 0xad || c == 0x1680 ||
                      (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
                      (c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0xfeff;
  if (hidden) {
    absl::StrAppend(out, "x", absl::Hex(static_cast<uint32_t>(c)));
  } else {
    Encode(c, out);
  }
}

std::optional<char32_t> CharacterNamed(absl::string_view name) {
  if (name.empty()) return std::nullopt;
  size_t at = 0;
  const char32_t first = NextCharacter(name, at);
  if (at == name.size()) return first;
  for (const NamedCharacter& named : kNamedCharacters) {
    if (named.name == name) return named.character;
  }
  uint32_t code = 0;
  if (first == 'x' && absl::SimpleHexAtoi(name.substr(1), &code) && IsScalarValue(code) &&
      name.find_first_not_of("0123456789abcdefABCDEF", 1) == absl::string_view::npos) {
    return code;
  }
  return std::nullopt;
}

}  // namespace pelagos::reml
