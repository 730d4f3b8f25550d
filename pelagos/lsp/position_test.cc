#include "pelagos/lsp/position.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace pelagos::lsp {
namespace {

std::string At(absl::string_view text, uint32_t offset, Encoding encoding) {
  const Position position = Lines(text).PositionOf(offset, encoding);
  return absl::StrCat(position.line, ":", position.character);
}

uint32_t Offset(absl::string_view text, Position position, Encoding encoding) {
  return Lines(text).OffsetOf(position, encoding);
}

// a, e with an accent (2 bytes, 1 unit), a whale (4 bytes, 2 units), the sign of the euro (3, 1), z
constexpr char kText[] = "aé🐋€z\nb";

TEST(Position, Units16) {
  const struct {
    uint32_t offset;
    const char* at;
  } cases[] = {{0, "0:0"},  {1, "0:1"},  {3, "0:2"},  {7, "0:4"}, {10, "0:5"},
               {11, "0:6"}, {12, "1:0"}, {13, "1:1"}, {99, "1:1"}};
  for (const auto& one : cases) {
    EXPECT_EQ(At(kText, one.offset, Encoding::kUtf16), one.at) << one.offset;
  }
  // Inside of a character: its beginning.
  EXPECT_EQ(At(kText, 2, Encoding::kUtf16), "0:1");
  EXPECT_EQ(At(kText, 5, Encoding::kUtf16), "0:2");
}

TEST(Position, Units8) {
  EXPECT_EQ(At(kText, 7, Encoding::kUtf8), "0:7");
  EXPECT_EQ(At(kText, 5, Encoding::kUtf8), "0:3");
  EXPECT_EQ(Offset(kText, {0, 7}, Encoding::kUtf8), 7u);
  EXPECT_EQ(Offset(kText, {0, 5}, Encoding::kUtf8), 3u);
  EXPECT_EQ(Offset(kText, {0, 1000}, Encoding::kUtf8), 11u);
}

TEST(Position, Offsets16) {
  const struct {
    Position position;
    uint32_t offset;
  } cases[] = {
      {{0, 0}, 0},
      {{0, 1}, 1},
      {{0, 2}, 3},
      {{0, 3}, 3},
      {{0, 4}, 7},
      {{0, 5}, 10},
      {{0, 6}, 11},
      {{0, 7}, 11},
      {{0, 4000000000u}, 11},
      {{1, 0}, 12},
      {{1, 99}, 13},
      {{2, 0}, 13},
      {{4000000000u, 0}, 13},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(Offset(kText, one.position, Encoding::kUtf16), one.offset)
        << one.position.line << ":" << one.position.character;
  }
}

TEST(Position, EndsOfLines) {
  const absl::string_view text = "a\r\nb\rc\n\nd";
  const Lines lines(text);
  ASSERT_EQ(lines.size(), 5u);
  const uint32_t begins[] = {0, 3, 5, 7, 8}, ends[] = {1, 4, 6, 7, 9};
  for (uint32_t line = 0; line < 5; ++line) {
    EXPECT_EQ(lines.OffsetOf({line, 0}, Encoding::kUtf8), begins[line]) << line;
    EXPECT_EQ(lines.LineEnd(line), ends[line]) << line;
  }
  EXPECT_EQ(At(text, 2, Encoding::kUtf16), "0:1");  // between \r and \n
  EXPECT_EQ(Offset(text, {0, 9}, Encoding::kUtf16), 1u);
  EXPECT_EQ(Lines("").size(), 1u);
  EXPECT_EQ(Lines("\n").size(), 2u);
  EXPECT_EQ(Lines("\r").size(), 2u);
  EXPECT_EQ(Offset("", {3, 3}, Encoding::kUtf16), 0u);
}

// Every place that begins a character goes there and back.
TEST(Position, ThereAndBack) {
  const absl::string_view texts[] = {kText, "", "\n\n", "a\r\nb\r\n", "🐋\r🐋🐋\n€é", "x"};
  for (const absl::string_view text : texts) {
    const Lines lines(text);
    for (uint32_t offset = 0; offset <= text.size(); ++offset) {
      const bool inside =
          offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80;
      const bool in_end =
          offset > 0 && offset < text.size() && text[offset - 1] == '\r' && text[offset] == '\n';
      if (inside || in_end) continue;
      for (const Encoding encoding : {Encoding::kUtf8, Encoding::kUtf16}) {
        EXPECT_EQ(lines.OffsetOf(lines.PositionOf(offset, encoding), encoding), offset) << text;
      }
    }
  }
}

TEST(Position, BytesThatAreNoText) {
  const std::string text = "\xff\x80\x80\xf0\n\xc3";
  const Lines lines(text);
  for (uint32_t offset = 0; offset <= text.size() + 2; ++offset) {
    for (const Encoding encoding : {Encoding::kUtf8, Encoding::kUtf16}) {
      EXPECT_LE(lines.OffsetOf(lines.PositionOf(offset, encoding), encoding), text.size());
    }
  }
}

}  // namespace
}  // namespace pelagos::lsp
