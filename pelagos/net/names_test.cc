#include "pelagos/net/names.h"

#include <gtest/gtest.h>

#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::net {
namespace {

TEST(NamesTest, InterfacesFitAndDiffer) {
  const std::string bridge = BridgeName("/run/pelagos", std::string(300, 'n'), 0);
  EXPECT_EQ(bridge.size(), sys::kMaxInterfaceName);
  EXPECT_EQ(bridge, BridgeName("/run/pelagos", std::string(300, 'n'), 0));
  EXPECT_NE(bridge, BridgeName("/run/pelagos", std::string(300, 'n'), 1));
  EXPECT_NE(bridge, BridgeName("/run/other", std::string(300, 'n'), 0));
  EXPECT_EQ(VethName("/run/pelagos", "web", "net").size(), sys::kMaxInterfaceName);
  EXPECT_NE(VethName("/run/pelagos", "web", "net"), VethName("/run/pelagos", "web", "other"));
}

TEST(NamesTest, NamesStayWhatTheyAre) {  // another version has to find what this one made
  EXPECT_EQ(ShortHash(""), "9ce48422e8d7");
  EXPECT_EQ(TableName("/run/pelagos"), "pelagos");
  EXPECT_EQ(TableName("/tmp/run"), "pelagos-" + ShortHash("/tmp/run"));
}

TEST(NamesTest, LongNamesMakeShortFileNames) {
  const std::string name(200, 'n');
  EXPECT_EQ(FileName("shop-net"), "shop-net");
  EXPECT_EQ(FileName(name), name);
  EXPECT_EQ(FileName(name + "a").size(), 200u);
  EXPECT_NE(FileName(name + "a"), FileName(name + "b"));
}

}  // namespace
}  // namespace pelagos::net
