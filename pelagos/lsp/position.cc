#include "pelagos/lsp/position.h"

#include <algorithm>
#include <cstring>

namespace pelagos::lsp {
namespace {

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Of the character that begins with this byte. Bytes that begin none take none.
uint32_t UnitsOf(char c) {
  if (Continues(c)) return 0;
  return static_cast<unsigned char>(c) >= 0xf0 ? 2 : 1;
}

}  // namespace

uint32_t Units(absl::string_view text, Encoding encoding) {
  if (encoding == Encoding::kUtf8) return static_cast<uint32_t>(text.size());
  uint32_t units = 0;
  for (char c : text) units += UnitsOf(c);
  return units;
}

Lines::Lines(absl::string_view text) : text_(text), starts_{0} {
  const bool returns = text.find('\r') != absl::string_view::npos;
  const char* const data = text.data();
  for (size_t i = 0; i < text.size(); ++i) {
    if (!returns) {
      const void* next = std::memchr(data + i, '\n', text.size() - i);
      if (next == nullptr) break;
      i = static_cast<size_t>(static_cast<const char*>(next) - data);
    } else if (text[i] == '\r') {
      if (i + 1 < text.size() && text[i + 1] == '\n') continue;
    } else if (text[i] != '\n') {
      continue;
    }
    starts_.push_back(static_cast<uint32_t>(i + 1));
  }
}

uint32_t Lines::LineEnd(uint32_t line) const {
  uint32_t end =
      line + 1 < starts_.size() ? starts_[line + 1] : static_cast<uint32_t>(text_.size());
  if (line + 1 == starts_.size()) return end;
  --end;
  if (text_[end] == '\n' && end > starts_[line] && text_[end - 1] == '\r') --end;
  return end;
}

uint32_t Lines::LineAt(uint32_t offset) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return static_cast<uint32_t>(next - starts_.begin()) - 1;
}

Position Lines::PositionOf(uint32_t offset, Encoding encoding) const {
  const uint32_t line = LineAt(offset);
  const uint32_t begin = starts_[line];
  offset = std::min(offset, LineEnd(line));
  while (offset > begin && offset < text_.size() && Continues(text_[offset])) --offset;
  return {line, Units(text_.substr(begin, offset - begin), encoding)};
}

uint32_t Lines::OffsetOf(Position position, Encoding encoding) const {
  if (position.line >= starts_.size()) return static_cast<uint32_t>(text_.size());
  const uint32_t begin = starts_[position.line];
  const uint32_t end = LineEnd(position.line);
  if (encoding == Encoding::kUtf8) {
    uint32_t offset = begin + std::min(position.character, end - begin);
    while (offset > begin && offset < end && Continues(text_[offset])) --offset;
    return offset;
  }
  uint32_t units = 0;
  uint32_t offset = begin;
  while (offset < end) {
    units += UnitsOf(text_[offset]);
    if (units > position.character) break;
    for (++offset; offset < end && Continues(text_[offset]);) ++offset;
  }
  return offset;
}

}  // namespace pelagos::lsp
