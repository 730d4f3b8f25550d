#include "pelagos/net/address_map.h"

#include <gtest/gtest.h>

namespace pelagos::net {
namespace {

AddressMap Again(const AddressMap& map) { return AddressMap::Parse(map.ToText()).value(); }

TEST(AddressMapTest, TakesAndFrees) {
  AddressMap map;
  EXPECT_TRUE(map.empty());
  for (uint32_t offset = 2; offset < 2002; ++offset) {
    ASSERT_EQ(map.FirstFree(2, 65534), offset);
    map.Take(offset, "web");
  }
  map = Again(map);
  EXPECT_EQ(map.FirstFree(2, 2001), std::nullopt);
  EXPECT_EQ(map.FirstFree(2, 2002), 2002u);
  map.Free(1000);
  map.Free(1000);
  EXPECT_EQ(Again(map).FirstFree(2, 65534), 1000u);
  EXPECT_EQ(map.FirstFree(1001, 65534), 2002u);
  EXPECT_FALSE(map.Has(1000));
  EXPECT_TRUE(map.Has(999));
  for (uint32_t offset = 2; offset < 2002; ++offset) map.Free(offset);
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.FirstFree(2, 2), 2u);
}

TEST(AddressMapTest, RemembersWhoIsAboutToGetSome) {
  AddressMap map;
  map.Take(2, "web");
  map.Take(9, "web");
  map = Again(map);
  EXPECT_EQ(map.owner(), "web");
  EXPECT_EQ(map.pending(), (std::vector<uint32_t>{2, 9}));
  map.Take(3, "db");
  map = Again(map);
  EXPECT_EQ(map.owner(), "db");
  EXPECT_EQ(map.pending(), (std::vector<uint32_t>{3}));
  map.Settle();
  EXPECT_EQ(Again(map).owner(), "");
  EXPECT_TRUE(Again(map).Has(9));
}

TEST(AddressMapTest, RefusesOthersFiles) {
  EXPECT_TRUE(AddressMap::Parse("")->empty());
  EXPECT_FALSE(AddressMap::Parse("web 2").ok());
  EXPECT_FALSE(AddressMap::Parse("web x\n").ok());
}

}  // namespace
}  // namespace pelagos::net
