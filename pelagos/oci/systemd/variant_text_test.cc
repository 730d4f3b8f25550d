#include "pelagos/oci/systemd/variant_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pelagos::oci {
namespace {

std::string Parsed(absl::string_view text) {
  const auto value = ParseVariantText(text);
  return value.ok() ? absl::StrCat(value->type, " ", value->json)
                    : std::string(value.status().message());
}

TEST(VariantTextTest, Values) {
  EXPECT_EQ(Parsed("uint64 123456789"), "t 123456789");
  EXPECT_EQ(Parsed("uint64 18446744073709551615"), "t 18446744073709551615");
  EXPECT_EQ(Parsed("'inactive-or-failed'"), "s \"inactive-or-failed\"");
  EXPECT_EQ(Parsed("\"it's\""), "s \"it's\"");
  EXPECT_EQ(Parsed("'it\\'s\\n'"), "s \"it's\\n\"");
  EXPECT_EQ(Parsed(" true "), "b true");
  EXPECT_EQ(Parsed("boolean false"), "b false");
  EXPECT_EQ(Parsed("-5"), "i -5");
  EXPECT_EQ(Parsed("int64 -5000000000"), "x -5000000000");
  EXPECT_EQ(Parsed("byte 255"), "y 255");
  EXPECT_EQ(Parsed("1.5"), "d 1.5");
  EXPECT_EQ(Parsed("double 2"), "d 2.0");
  EXPECT_EQ(Parsed("objectpath '/a'"), "o \"/a\"");
  EXPECT_EQ(Parsed("@t 7"), "t 7");
}

TEST(VariantTextTest, ArraysAndTuples) {
  EXPECT_EQ(Parsed("['a', 'b']"), "as [\"a\",\"b\"]");
  EXPECT_EQ(Parsed("[uint32 1, 2]"), "au [1,2]");
  EXPECT_EQ(Parsed("@as []"), "as []");
  EXPECT_EQ(Parsed("@ay [1,255]"), "ay [1,255]");
  EXPECT_EQ(Parsed("[('/dev/null', 'rw')]"), "a(ss) [[\"/dev/null\",\"rw\"]]");
  EXPECT_EQ(Parsed("@a(st) [('/dev/sda', 5)]"), "a(st) [[\"/dev/sda\",5]]");
  EXPECT_EQ(Parsed("('a',)"), "(s) [\"a\"]");
  EXPECT_EQ(Parsed("[[1], [2, 3]]"), "aai [[1],[2,3]]");
}

TEST(VariantTextTest, WhatIsNotUnderstood) {
  for (absl::string_view text : {"",
                                 "abc",
                                 "'open",
                                 "[1, 'a']",
                                 "[]",
                                 "[1 2]",
                                 "(",
                                 "()",
                                 "byte 256",
                                 "uint64 -1",
                                 "1 2",
                                 "int32 2147483648",
                                 "@z 1",
                                 "@a 1",
                                 "@s 1",
                                 "uint32 true",
                                 "boolean 1",
                                 "{'a': 1}",
                                 "<1>",
                                 "'\\u0041'",
                                 "@(ss) ('a', 1)",
                                 "@(s) ('a', 'b')",
                                 "double inf",
                                 "nan",
                                 "9999999999"}) {
    EXPECT_FALSE(ParseVariantText(text).ok()) << text;
  }
  EXPECT_FALSE(ParseVariantText(std::string(5000, '[')).ok());
  EXPECT_FALSE(ParseVariantText("@" + std::string(5000, 'a') + "s []").ok());
}

}  // namespace
}  // namespace pelagos::oci
