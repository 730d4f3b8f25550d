#include "pelagos/reml/character.h"

#include "gtest/gtest.h"

namespace pelagos::reml {
namespace {

// How many characters a predicate holds for.
template <typename Predicate>
int Count(Predicate holds) {
  int count = 0;
  for (char32_t c = 0; c <= 0x10ffff; ++c) count += holds(c) ? 1 : 0;
  return count;
}

struct Changes {
  int count = 0;
  uint64_t sum = 0;  // of what the characters become
  friend bool operator==(Changes, Changes) = default;
};

Changes ChangesOf(char32_t (*map)(char32_t)) {
  Changes changes;
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (map(c) == c) continue;
    ++changes.count;
    changes.sum += map(c);
  }
  return changes;
}

TEST(CharacterTest, ClassesAreAsLargeAsUnicodeSays) {
  EXPECT_EQ(Count(IsAlphabetic), 133396);
  EXPECT_EQ(Count(IsUpperCase), 1951);
  EXPECT_EQ(Count(IsLowerCase), 2471);
  EXPECT_EQ(Count(IsWhitespace), 25);
  EXPECT_EQ(Count([](char32_t c) { return DigitValue(c).has_value(); }), 660);
}

TEST(CharacterTest, MappingsAreThoseOfUnicode) {
  EXPECT_EQ(ChangesOf(UpperCase), (Changes{1450, 32256850}));
  EXPECT_EQ(ChangesOf(LowerCase), (Changes{1433, 34914171}));
  EXPECT_EQ(ChangesOf(FoldCase), (Changes{1454, 31874600}));
}

TEST(CharacterTest, DigitsCountFromTheirZero) {
  EXPECT_EQ(DigitValue(U'0'), 0);
  EXPECT_EQ(DigitValue(U'9'), 9);
  EXPECT_EQ(DigitValue(U'٧'), 7);
  EXPECT_EQ(DigitValue(U':'), std::nullopt);
  EXPECT_EQ(DigitValue(U'/'), std::nullopt);
}

}  // namespace
}  // namespace pelagos::reml
