#include "pelagos/policy/id_map.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(IdMapTest, Parses) {
  EXPECT_EQ(ParseIdMapRange("0:100000:65536"), (IdMapRange{0, 100000, 65536}));
  EXPECT_EQ(ParseIdMapRange("5:6"), (IdMapRange{5, 6, 1}));
  EXPECT_EQ(ParseIdMapRange("4294967294:0:1"), (IdMapRange{4294967294, 0, 1}));
  for (const char* text : {"", "1", ":", "1:", ":1", "1:2:", "1:2:3:4", "a:1:1", "-1:0:1", "+1:0:1",
                           " 1:2:3", "1:2:4294967296", "0x1:1:1"}) {
    EXPECT_EQ(ParseIdMapRange(text), std::nullopt) << text;
  }
}

TEST(IdMapTest, Problems) {
  EXPECT_EQ(IdMapProblem({}), "");
  EXPECT_EQ(IdMapProblem({{{0, 100000, 65536}}, {{0, 100000, 65536}}}), "");
  EXPECT_EQ(IdMapProblem({{{0, 1, 1}}, {}}), "needs user ids and group ids");
  EXPECT_EQ(RangesProblem({{0, 1, 0}}), "has an empty range");
  EXPECT_EQ(RangesProblem({{0, 10, 5}, {4, 20, 1}}), "has ranges that overlap");
  EXPECT_EQ(RangesProblem({{0, 10, 5}, {7, 14, 1}}), "has ranges that overlap");
  EXPECT_EQ(RangesProblem({{0, 10, 5}, {5, 15, 5}}), "");
  // The last id is none.
  EXPECT_EQ(RangesProblem({{0, kNoId, 1}}), "has ids over 4294967294");
  EXPECT_EQ(RangesProblem({{kNoId, 0, 1}}), "has ids over 4294967294");
  EXPECT_EQ(RangesProblem({{1, 0, kNoId}}), "has ids over 4294967294");
  EXPECT_EQ(RangesProblem({{0, 0, kNoId}}), "");
  IdMapRanges many;
  for (uint32_t i = 0; i < 340; ++i) many.push_back({i, i, 1});
  EXPECT_EQ(RangesProblem(many), "");
  many.push_back({340, 340, 1});
  EXPECT_EQ(RangesProblem(many), "has more than 340 ranges");
}

TEST(IdMapTest, BothWays) {
  const IdMapRanges ranges = {{0, 1000, 1}, {1, 100000, 10}};
  EXPECT_EQ(HostIdOf(ranges, 0), 1000u);
  EXPECT_EQ(HostIdOf(ranges, 10), 100009u);
  EXPECT_EQ(HostIdOf(ranges, 11), std::nullopt);
  EXPECT_EQ(InsideIdOf(ranges, 100000), 1u);
  EXPECT_EQ(InsideIdOf(ranges, 0), std::nullopt);
  EXPECT_EQ(IdMapFileText(ranges), "0 1000 1\n1 100000 10\n");
  EXPECT_EQ(IdMapText(ranges), "0:1000:1, 1:100000:10");
}

TEST(IdMapTest, FilesOfTheKernel) {
  EXPECT_EQ(ParseIdMapFile("         0       1000          1\n         1     100000      65536\n"),
            (IdMapRanges{{0, 1000, 1}, {1, 100000, 65536}}));
  EXPECT_EQ(ParseIdMapFile(""), IdMapRanges{});
  EXPECT_EQ(ParseIdMapFile("0 1\n"), std::nullopt);
  EXPECT_EQ(ParseIdMapFile("0 x 1\n"), std::nullopt);
}

TEST(IdMapTest, KeepsAnId) {
  EXPECT_EQ(KeepIdRanges(1000, 65537),
            (IdMapRanges{{0, 1, 1000}, {1000, 0, 1}, {1001, 1001, 64536}}));
  EXPECT_EQ(KeepIdRanges(0, 10), (IdMapRanges{{0, 0, 1}, {1, 1, 9}}));
  EXPECT_EQ(KeepIdRanges(1000, 1), (IdMapRanges{{1000, 0, 1}}));
  EXPECT_EQ(KeepIdRanges(100000, 10), (IdMapRanges{{0, 1, 9}, {100000, 0, 1}}));
  for (uint32_t id : {0u, 1u, 1000u, 65536u, 70000u}) {
    EXPECT_EQ(RangesProblem(KeepIdRanges(id, 65537)), "") << id;
  }
}

}  // namespace
}  // namespace pelagos
