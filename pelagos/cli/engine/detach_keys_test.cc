#include "pelagos/cli/engine/detach_keys.h"

#include <gtest/gtest.h>

#include <string>

namespace pelagos::cli {
namespace {

std::string Keys(const std::string& list) {
  const auto keys = ParseDetachKeys(list);
  return keys.ok() ? *keys : std::string(keys.status().message());
}

TEST(DetachKeysTest, ListsOfKeys) {
  EXPECT_EQ(Keys(kDefaultDetachKeys), "\x10\x11");
  EXPECT_EQ(Keys("ctrl-a"), "\x01");
  EXPECT_EQ(Keys("Ctrl-Z,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_"), "\x1a\x1b\x1c\x1d\x1e\x1f");
  EXPECT_EQ(Keys("ctrl-@"), std::string(1, '\0'));
  EXPECT_EQ(Keys("a,Z,DEL"), "aZ\x7f");
  EXPECT_EQ(Keys(""), "");
}

TEST(DetachKeysTest, WhatIsNoKeyIsNamed) {
  for (const char* list :
       {"ctrl-", "ctrl-1", "ctrl-pp", "strg-p", "a,,b", ",", "\xc3\xa4", "\xe4"}) {
    EXPECT_FALSE(ParseDetachKeys(list).ok()) << list;
  }
  EXPECT_EQ(Keys("ctrl-p,up"),
            "detach keys 'ctrl-p,up': 'up' is no key; expected a character or ctrl-LETTER, as in "
            "'ctrl-p,ctrl-q'");
}

// What goes on to the container; a '!' at its end where the keys were found.
std::string Typed(DetachKeys& keys, absl::string_view bytes) {
  const DetachKeys::Result result = keys.Feed(bytes);
  return result.forward + (result.detached ? "!" : "");
}

TEST(DetachKeysTest, AreFoundAcrossReads) {
  DetachKeys keys("xy");
  EXPECT_EQ(Typed(keys, "abx"), "ab");
  EXPECT_EQ(Typed(keys, "yc"), "!");
  EXPECT_EQ(Typed(keys, "axyb"), "a!");
  EXPECT_EQ(keys.Flush(), "");
}

TEST(DetachKeysTest, ABeginningThatDoesNotCompleteGoesOn) {
  DetachKeys keys("xy");
  EXPECT_EQ(Typed(keys, "x"), "");
  EXPECT_EQ(Typed(keys, "x"), "x");
  EXPECT_EQ(Typed(keys, "z"), "xz");
  EXPECT_EQ(Typed(keys, "xx"), "x");
  EXPECT_EQ(keys.Flush(), "x");
  EXPECT_EQ(Typed(keys, "y"), "y");
}

// The end of what did not match may be the beginning of what does.
TEST(DetachKeysTest, KeysThatRepeatThemselves) {
  DetachKeys keys("aab");
  EXPECT_EQ(Typed(keys, "aaab"), "a!");
  DetachKeys more("abac");
  EXPECT_EQ(Typed(more, "ababac"), "ab!");
}

TEST(DetachKeysTest, WithoutKeysAllGoesThrough) {
  DetachKeys none("");
  EXPECT_EQ(Typed(none, "\x10\x11"), "\x10\x11");
  EXPECT_EQ(none.Flush(), "");
}

}  // namespace
}  // namespace pelagos::cli
