#include "pelagos/store/json_bytes.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "pelagos/base/display_width.h"

namespace pelagos::store {
namespace {

// U+10FF80 to U+10FFBF, and to U+10FFFF, are these two and a byte of 0x80 to 0xBF.
constexpr absl::string_view kLower = "\xF4\x8F\xBE", kUpper = "\xF4\x8F\xBF";
constexpr unsigned char kHalf = 0xC0;

void AppendByte(unsigned char byte, std::string& text) {
  const absl::string_view begin = byte < kHalf ? kLower : kUpper;
  text.append(begin.data(), begin.size());
  text += static_cast<char>(byte < kHalf ? byte : byte - 0x40);
}

bool IsEscape(absl::string_view character) {
  return absl::StartsWith(character, kLower) || absl::StartsWith(character, kUpper);
}

// RFC 3629: no surrogates, no overlong forms, nothing beyond U+10FFFF.
bool IsCharacter(absl::string_view text) {
  const internal::CodePoint point = internal::FirstCodePoint(text);
  if (point.bytes == 1) return static_cast<unsigned char>(text[0]) < 0x80;
  if (point.value >= 0xD800 && point.value <= 0xDFFF) return false;
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  return point.value >= kLeast[point.bytes] && point.value <= 0x10FFFF;
}

template <std::string (*kChange)(absl::string_view)>
void ChangeAll(nlohmann::json& json) {
  if (json.is_string()) {
    std::string changed = kChange(json.get_ref<const std::string&>());
    if (changed != json.get_ref<const std::string&>()) json = std::move(changed);
  } else if (json.is_array()) {
    for (nlohmann::json& item : json) ChangeAll<kChange>(item);
  } else if (json.is_object()) {
    std::vector<std::pair<std::string, std::string>> renamed;
    for (const auto& [key, value] : json.items()) {
      ChangeAll<kChange>(value);
      std::string changed = kChange(key);
      if (changed != key) renamed.emplace_back(key, std::move(changed));
    }
    for (const auto& [key, changed] : renamed) {
      nlohmann::json value = std::move(json[key]);
      json.erase(key);
      json[changed] = std::move(value);
    }
  }
}

}  // namespace

std::string BytesToText(absl::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const bool ok = IsCharacter(bytes);
    const size_t size = ok ? internal::FirstCodePoint(bytes).bytes : 1;
    const absl::string_view character = bytes.substr(0, size);
    if (!ok || IsEscape(character)) {
      for (const char c : character) AppendByte(static_cast<unsigned char>(c), text);
    } else {
      text.append(character.data(), character.size());
    }
    bytes.remove_prefix(size);
  }
  return text;
}

std::string TextToBytes(absl::string_view text) {
  if (!HasBytes(text)) return std::string(text);
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const bool lower = absl::StartsWith(text, kLower);
    if (text.size() > kLower.size() && (lower || absl::StartsWith(text, kUpper))) {
      const auto last = static_cast<unsigned char>(text[kLower.size()]);
      bytes += static_cast<char>(lower ? last : last + 0x40);
      text.remove_prefix(kLower.size() + 1);
    } else {
      bytes += text[0];
      text.remove_prefix(1);
    }
  }
  return bytes;
}

void BytesToText(nlohmann::json& json) { ChangeAll<BytesToText>(json); }
void TextToBytes(nlohmann::json& json) { ChangeAll<TextToBytes>(json); }

bool HasBytes(absl::string_view document) {
  return absl::StrContains(document, kLower) || absl::StrContains(document, kUpper);
}

}  // namespace pelagos::store
