#include "pelagos/sys/net/ipv6.h"

#include <gtest/gtest.h>

namespace pelagos::sys {
namespace {

TEST(Ipv6Test, AddressesAreWrittenTheShortWay) {
  EXPECT_EQ(ToString(ParseIpv6("FD00:0001:0::0:2").value()), "fd00:1::2");
  EXPECT_EQ(ToString(ParseIpv6("::").value()), "::");
  EXPECT_EQ(ToString(Ipv6()), "::");
  for (const char* text : {"", "fd00", "fd00::1::2", "[fd00::1]", "fe80::1%eth0", "10.0.0.1",
                           "fd00::1 ", "fd00::12345"}) {
    EXPECT_FALSE(ParseIpv6(text).ok()) << text;
  }
  EXPECT_FALSE(ParseIpv6(absl::string_view("::1\0x", 5)).ok());
}

TEST(Ipv6Test, OffsetsCarry) {
  const Ipv6 base = ParseIpv6("fd00:1::").value();
  EXPECT_EQ(ToString(Add(base, 2)), "fd00:1::2");
  EXPECT_EQ(ToString(Add(base, 0x12345)), "fd00:1::1:2345");
  EXPECT_EQ(ToString(Add(ParseIpv6("fd00:1::ffff").value(), 1)), "fd00:1::1:0");
}

TEST(Ipv6Test, SubnetsHaveNothingBehindTheirPrefix) {
  const Subnet6 subnet = ParseSubnet6("fd00:1::/64").value();
  EXPECT_EQ(ToString(subnet), "fd00:1::/64");
  EXPECT_TRUE(subnet.contains(ParseIpv6("fd00:1::ffff:1").value()));
  EXPECT_FALSE(subnet.contains(ParseIpv6("fd00:1:0:1::1").value()));
  EXPECT_TRUE(ParseSubnet6("::/0")->contains(ParseIpv6("2001:db8::1").value()));
  EXPECT_TRUE(ParseSubnet6("fd00::/15")->contains(ParseIpv6("fd01::1").value()));
  EXPECT_FALSE(ParseSubnet6("fd00::/15")->contains(ParseIpv6("fd02::1").value()));
  for (const char* text :
       {"fd00::", "fd00::/129", "fd00::/", "fd00::/x", "fd00::/+8", "fd00::/08", "/64"}) {
    EXPECT_FALSE(ParseSubnet6(text).ok()) << text;
  }
  EXPECT_EQ(ParseSubnet6("fd00:1::1/64").status().message(),
            "subnet 'fd00:1::1/64' has bits behind its prefix; did you mean 'fd00:1::/64'?");
}

TEST(Ipv6Test, OverlapIsMutual) {
  const Subnet6 wide = ParseSubnet6("fd00::/8").value();
  const Subnet6 narrow = ParseSubnet6("fd00:1::/64").value();
  EXPECT_TRUE(wide.overlaps(narrow));
  EXPECT_TRUE(narrow.overlaps(wide));
  EXPECT_FALSE(narrow.overlaps(ParseSubnet6("fd00:2::/64").value()));
}

}  // namespace
}  // namespace pelagos::sys
