#include "pelagos/sys/subordinate_ids.h"

#include <gtest/gtest.h>

namespace pelagos::sys {
namespace {

using Ranges = std::vector<SubordinateRange>;

TEST(SubordinateIdsTest, ByNameAndNumberInOrder) {
  constexpr char kText[] =
      "ann:100000:65536\nbob:200000:65536\n1000:300000:10\nann:1:2:3\n"
      "ann:x:1\nann:5:0\nann:4294967296:1\n\nann:400000:1";
  EXPECT_EQ(ParseSubordinateIds(kText, "ann", 1000),
            (Ranges{{100000, 65536}, {300000, 10}, {400000, 1}}));
  EXPECT_EQ(ParseSubordinateIds(kText, "bob", 7), (Ranges{{200000, 65536}}));
  EXPECT_EQ(ParseSubordinateIds(kText, "nobody", 65534), Ranges{});
  // A user without a name is not the one of lines without a name.
  EXPECT_EQ(ParseSubordinateIds(":5:5\n", "", 1), Ranges{});
}

TEST(SubordinateIdsTest, NamesOfUsers) {
  constexpr char kPasswd[] = "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:1000::/:/bin/sh\n";
  EXPECT_EQ(ParseUserName(kPasswd, 0), "root");
  EXPECT_EQ(ParseUserName(kPasswd, 1000), "ann");
  EXPECT_EQ(ParseUserName(kPasswd, 1), "");
}

}  // namespace
}  // namespace pelagos::sys
