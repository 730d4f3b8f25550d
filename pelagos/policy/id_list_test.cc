#include "pelagos/policy/id_list.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(IdListTest, Parses) {
  EXPECT_EQ(ParseIdList("0"), (IdList{{0, 0}}));
  EXPECT_EQ(ParseIdList("0-3,8"), (IdList{{0, 3}, {8, 8}}));
  EXPECT_EQ(ParseIdList("8,0,1,2-3"), (IdList{{0, 3}, {8, 8}}));
  EXPECT_EQ(ParseIdList("0-5,2-3,4-9"), (IdList{{0, 9}}));
  EXPECT_EQ(ParseIdList("8191"), (IdList{{8191, 8191}}));
  for (const char* wrong : {"", ",", "0,", ",0", "-1", "1-", "3-1", "a", "0 ", "0-1-2", "8192",
                            "99999999999999999999", "0:1", "+1"}) {
    EXPECT_FALSE(ParseIdList(wrong)) << wrong;
  }
}

TEST(IdListTest, Prints) {
  for (const char* text : {"0", "0-3", "0-3,8", "1,3,5-9"}) {
    EXPECT_EQ(IdListText(*ParseIdList(text)), text);
  }
}

TEST(IdListTest, Contains) {
  const IdList all = {{0, 3}, {8, 9}};
  EXPECT_TRUE(Contains(all, {{1, 2}, {9, 9}}));
  EXPECT_TRUE(Contains(all, all));
  EXPECT_TRUE(Contains(all, {}));
  EXPECT_FALSE(Contains(all, {{3, 4}}));
  EXPECT_FALSE(Contains(all, {{4, 4}}));
  EXPECT_FALSE(Contains({}, {{0, 0}}));
}

}  // namespace
}  // namespace pelagos
