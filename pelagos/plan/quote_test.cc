#include "pelagos/plan/quote.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(QuoteTest, PlainWordsStay) {
  EXPECT_EQ(ShellQuoted("sh"), "sh");
  EXPECT_EQ(ShellQuoted("KEY=/a:b,c@d%e+f-g_h.i"), "KEY=/a:b,c@d%e+f-g_h.i");
}

TEST(QuoteTest, OthersAreQuoted) {
  EXPECT_EQ(ShellQuoted(""), "''");
  EXPECT_EQ(ShellQuoted("a b"), "'a b'");
  EXPECT_EQ(ShellQuoted("$HOME"), "'$HOME'");
  EXPECT_EQ(ShellQuoted("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellQuoted("back\\slash"), "'back\\slash'");
}

TEST(QuoteTest, ControlCharactersAreShown) {
  EXPECT_EQ(ShellQuoted("a\nb"), "$'a\\nb'");
  EXPECT_EQ(ShellQuoted("\x1b[1m"), "$'\\x1b[1m'");
  EXPECT_EQ(ShellQuoted("it's\t\\"), "$'it\\'s\\t\\\\'");
}

TEST(QuoteTest, Lists) {
  EXPECT_EQ(ShellQuoted(std::vector<std::string>{"sh", "-c", "sleep 9"}), "sh -c 'sleep 9'");
  EXPECT_EQ(ShellQuoted(std::vector<std::string>{}), "");
}

}  // namespace
}  // namespace pelagos
