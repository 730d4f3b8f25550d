#include "pelagos/cli/key_value_file.h"

#include <gtest/gtest.h>

#include <fstream>

namespace pelagos::cli {
namespace {

TEST(KeyValueFileTest, Lines) {
  const auto lines = ParseKeyValueLines(
      "\xef\xbb\xbf# a comment\n\n  A=1\nB= two 'x' # no comment \r\nC=\n\t\nD\nE=a=b");
  ASSERT_TRUE(lines.ok()) << lines.status();
  EXPECT_EQ(*lines, (std::vector<KeyValueLine>{{"A", "1"},
                                               {"B", " two 'x' # no comment "},
                                               {"C", ""},
                                               {"D", std::nullopt},
                                               {"E", "a=b"}}));
  EXPECT_TRUE(ParseKeyValueLines("")->empty());
}

TEST(KeyValueFileTest, MistakesNameTheLine) {
  EXPECT_EQ(ParseKeyValueLines("A=1\n=2").status().message(), "line 2 has no name before its '='");
  EXPECT_EQ(ParseKeyValueLines("A B=1").status().message(), "line 1 has blanks in the name 'A B'");
  EXPECT_EQ(ParseKeyValueLines(absl::string_view("A=\0", 3)).status().message(),
            "line 1 holds a NUL byte");
}

TEST(KeyValueFileTest, Files) {
  const std::string path = ::testing::TempDir() + "variables";
  std::ofstream(path) << "A=1\n x y\n";
  EXPECT_EQ(ReadKeyValueFile(path).status().message(),
            path + ": line 2 has blanks in the name 'x y'");
  EXPECT_FALSE(ReadKeyValueFile(path + "/not").ok());
}

}  // namespace
}  // namespace pelagos::cli
