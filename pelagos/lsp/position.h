// Places in a text as an editor counts them: lines from 0, and in a line units of the encoding that
// was agreed on. A line ends with \n, \r\n or \r.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::lsp {

enum class Encoding : uint8_t { kUtf8, kUtf16 };

struct Position {
  uint32_t line = 0;
  uint32_t character = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

// The lines of one text, which must outlive them unchanged and be shorter than 4 GiB.
class Lines {
 public:
  explicit Lines(absl::string_view text);

  size_t size() const { return starts_.size(); }
  // Offsets are in bytes. What lies beyond a line's end or the text's is that end, and what lies
  // inside of a character is its beginning.
  Position PositionOf(uint32_t offset, Encoding encoding) const;
  uint32_t OffsetOf(Position position, Encoding encoding) const;
  // Where the text of a line ends.
  uint32_t LineEnd(uint32_t line) const;
  uint32_t LineAt(uint32_t offset) const;

 private:
  absl::string_view text_;
  std::vector<uint32_t> starts_;
};

// How many units a text takes.
uint32_t Units(absl::string_view text, Encoding encoding);

}  // namespace pelagos::lsp
