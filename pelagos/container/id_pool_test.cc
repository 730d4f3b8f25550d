#include "pelagos/container/id_pool.h"

#include <gtest/gtest.h>

namespace pelagos::container {
namespace {

TEST(IdPoolTest, TheFirstThatAreFree) {
  const IdMapRanges pool = {{0, 1000, 100}, {0, 5000, 50}};
  using internal::FirstFree;
  EXPECT_EQ(FirstFree(pool, {}, 50), (IdMapRange{0, 1000, 50}));
  EXPECT_EQ(FirstFree(pool, {{0, 1000, 50}}, 50), (IdMapRange{0, 1050, 50}));
  // Others may have taken any.
  EXPECT_EQ(FirstFree(pool, {{0, 1049, 1}}, 50), (IdMapRange{0, 1050, 50}));
  EXPECT_EQ(FirstFree(pool, {{0, 1050, 1}}, 50), (IdMapRange{0, 1000, 50}));
  EXPECT_EQ(FirstFree(pool, {{0, 1050, 1}, {0, 900, 101}}, 50), (IdMapRange{0, 5000, 50}));
  EXPECT_EQ(FirstFree(pool, {{0, 0, 6000}}, 1), std::nullopt);
  EXPECT_EQ(FirstFree(pool, {}, 101), std::nullopt);
  EXPECT_EQ(FirstFree({{0, 4294967000, 294}}, {}, 294), (IdMapRange{0, 4294967000, 294}));
  EXPECT_EQ(FirstFree({}, {}, 1), std::nullopt);
}

}  // namespace
}  // namespace pelagos::container
