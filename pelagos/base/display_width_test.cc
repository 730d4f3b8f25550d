#include "pelagos/base/display_width.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

static_assert(DisplayWidth("") == 0);
static_assert(DisplayWidth("plain") == 5);

TEST(DisplayWidthTest, IsInColumnsNotInBytes) {
  EXPECT_EQ(DisplayWidth("Grüße"), 5u);
  EXPECT_EQ(DisplayWidth("東京"), 4u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);    // a combining accent
  EXPECT_EQ(DisplayWidth("🦀"), 2u);       // beyond the first plane
  EXPECT_EQ(DisplayWidth("a\xff\xc3"), 3u);  // no UTF-8, and one that is cut
  EXPECT_EQ(DisplayWidth("…"), 1u);
}

TEST(DisplayWidthTest, TablesAreSorted) {
  const auto sorted = [](const auto& ranges) {
    uint32_t last = 0;
    for (const internal::CodeRange& range : ranges) {
      if (range.first <= last || range.last < range.first) return false;
      last = range.last;
    }
    return true;
  };
  EXPECT_TRUE(sorted(internal::kZeroWide));
  EXPECT_TRUE(sorted(internal::kTwoWide));
}

TEST(PrintableTest, NothingForTerminalsToObey) {
  EXPECT_EQ(Printable("a\tb\nc\x1b[31md\x7f"), "a b c [31md ");
  EXPECT_EQ(Printable("\u009b31m"), " 31m");  // C1: the same as ESC [
  EXPECT_EQ(Printable("\xff ok"), "  ok");
  EXPECT_EQ(Printable("Grüße 東京"), "Grüße 東京");
}

TEST(EllipsisTest, CutsBetweenCharacters) {
  EXPECT_EQ(Ellipsis("abcdef", 6), "abcdef");
  EXPECT_EQ(Ellipsis("abcdefg", 6), "abcde…");
  EXPECT_EQ(Ellipsis("東京東京", 6), "東京…");
  EXPECT_EQ(Ellipsis("üüüüüü", 6), "üüüüüü");
  EXPECT_EQ(Ellipsis("abc", 1), "…");
}

}  // namespace
}  // namespace pelagos
