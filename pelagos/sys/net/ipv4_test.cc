#include "pelagos/sys/net/ipv4.h"

#include <gtest/gtest.h>

namespace pelagos::sys {
namespace {

TEST(Ipv4Test, AddressesAreReadStrictly) {
  EXPECT_EQ(ParseIpv4("10.99.0.2")->bits, 0x0a630002u);
  EXPECT_EQ(ToString(*ParseIpv4("255.255.255.255")), "255.255.255.255");
  for (const char* text : {"", "10", "10.1", "10.1.2.3.4", "10.1.2.256", "010.1.2.3", "10.1.2.",
                           "10.1.2.-3", " 10.1.2.3", "10.1.2.3 ", "a.b.c.d", "1.2.3.99999999999"}) {
    EXPECT_FALSE(ParseIpv4(text).ok()) << text;
  }
}

TEST(Ipv4Test, SubnetsHaveNothingBehindTheirPrefix) {
  const Subnet subnet = ParseSubnet("10.5.0.0/22").value();
  EXPECT_EQ(ToString(subnet), "10.5.0.0/22");
  EXPECT_EQ(ToString(subnet.broadcast()), "10.5.3.255");
  EXPECT_TRUE(subnet.contains(ParseIpv4("10.5.3.7").value()));
  EXPECT_FALSE(subnet.contains(ParseIpv4("10.5.4.0").value()));
  EXPECT_TRUE(ParseSubnet("0.0.0.0/0")->contains(ParseIpv4("8.8.8.8").value()));
  for (const char* text : {"10.5.0.0", "10.5.0.0/33", "10.5.0.0/", "10.5.0.0/x", "10.5.0.1/24"}) {
    EXPECT_FALSE(ParseSubnet(text).ok()) << text;
  }
}

TEST(Ipv4Test, OverlapsBothWays) {
  const Subnet big = ParseSubnet("10.0.0.0/8").value(), small = ParseSubnet("10.7.0.0/24").value();
  EXPECT_TRUE(big.overlaps(small));
  EXPECT_TRUE(small.overlaps(big));
  EXPECT_FALSE(small.overlaps(ParseSubnet("10.7.1.0/24").value()));
}

}  // namespace
}  // namespace pelagos::sys
