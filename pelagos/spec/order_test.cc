#include "pelagos/spec/order.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

using Names = std::vector<std::string>;
using Cycles = std::vector<Names>;

// Each row is a service and those it depends on.
ComposeSpec Stack(const std::vector<Names>& rows) {
  ComposeSpec spec;
  for (const Names& row : rows) {
    ServiceSpec service;
    service.name = row[0];
    for (size_t i = 1; i < row.size(); ++i) service.depends_on.push_back({row[i], {}, {}});
    spec.services.push_back(service);
  }
  return spec;
}

TEST(StartOrderTest, Diamond) {
  EXPECT_EQ(
      StartOrder(Stack({{"top", "left", "right"}, {"left", "base"}, {"right", "base"}, {"base"}})),
      (Names{"base", "left", "right", "top"}));
}

TEST(StartOrderTest, TiesGoByDeclaration) {
  EXPECT_EQ(StartOrder(Stack({{"web", "db", "cache"}, {"db"}, {"cache"}})),
            (Names{"db", "cache", "web"}));
  EXPECT_EQ(StartOrder(Stack({{"w1", "db"}, {"w2", "db"}, {"db"}})), (Names{"db", "w1", "w2"}));
  EXPECT_EQ(StartOrder(Stack({{"c"}, {"a"}, {"b"}})), (Names{"c", "a", "b"}));
  EXPECT_EQ(StartOrder({}), Names{});
}

TEST(StartOrderTest, ADependencyNamedTwiceCountsOnce) {
  EXPECT_EQ(StartOrder(Stack({{"a", "b", "c", "b"}, {"b"}, {"c"}})), (Names{"b", "c", "a"}));
}

TEST(StartOrderTest, UnknownServicesAndOneselfAreLeftOut) {
  EXPECT_EQ(StartOrder(Stack({{"a", "a", "nope"}})), Names{"a"});
}

TEST(DependencyCyclesTest, OnlyTheMembers) {
  const ComposeSpec spec =
      Stack({{"x"}, {"a", "b"}, {"b", "c"}, {"c", "a"}, {"after", "a"}, {"before"}});
  EXPECT_EQ(DependencyCycles(spec), (Cycles{{"a", "b", "c"}}));
  EXPECT_EQ(StartOrder(spec), (Names{"x", "before"}));
}

TEST(DependencyCyclesTest, EachCircleByItself) {
  EXPECT_EQ(DependencyCycles(Stack({{"a", "b"}, {"c", "d", "a"}, {"b", "a"}, {"d", "c"}})),
            (Cycles{{"a", "b"}, {"c", "d"}}));
}

TEST(DependencyCyclesTest, BetweenTwoCirclesIsNoCircle) {
  EXPECT_EQ(DependencyCycles(
                Stack({{"a", "b"}, {"b", "a"}, {"mid", "a"}, {"c", "d", "mid"}, {"d", "c"}})),
            (Cycles{{"a", "b"}, {"c", "d"}}));
}

TEST(DependencyCyclesTest, None) {
  EXPECT_EQ(DependencyCycles(Stack({{"a", "b"}, {"b"}})), Cycles{});
  EXPECT_EQ(DependencyCycles(Stack({{"a", "a"}})), Cycles{});  // reported as itself
}

}  // namespace
}  // namespace pelagos
