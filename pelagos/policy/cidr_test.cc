#include "pelagos/policy/cidr.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

static_assert(ParseIpv4("127.0.0.1") == 0x7f000001u);
static_assert(ParseIpv4("255.255.255.255") == 0xffffffffu);
static_assert(!ParseIpv4("256.0.0.1"));
static_assert(!ParseIpv4("1.2.3"));
static_assert(!ParseIpv4("1.2.3.4.5"));
static_assert(!ParseIpv4("1.2.3.4 "));
static_assert(!ParseIpv4("01.2.3.4"));
static_assert(!ParseIpv4("1..3.4"));
static_assert(!ParseIpv4("0x7f.0.0.1"));
static_assert(!ParseIpv4(""));

static_assert("10.5.0.0/24"_subnet == Cidr{0x0a050000, 24});
static_assert("10.0.0.0/8"_subnet.contains(0x0a010203));
static_assert(!"10.5.0.0/24"_subnet.contains(0x0a050100));
static_assert(Overlap("10.0.0.0/8"_subnet, "10.5.0.0/24"_subnet));
static_assert(Overlap("10.5.0.0/24"_subnet, "10.0.0.0/8"_subnet));
static_assert(!Overlap("10.5.0.0/24"_subnet, "10.5.1.0/24"_subnet));

TEST(CidrTest, SaysWhatIsWrong) {
  EXPECT_EQ(SubnetProblem("10.5.0.0/24"), "");
  EXPECT_EQ(SubnetProblem("10.5.0.0/8"), "has bits set beyond its prefix");
  EXPECT_EQ(SubnetProblem("10.5.0.1/24"), "has bits set beyond its prefix");
  EXPECT_EQ(SubnetProblem("8.0.0.0/7"), "must have a prefix of /8 to /30");
  EXPECT_EQ(SubnetProblem("10.5.0.0/31"), "must have a prefix of /8 to /30");
  for (const char* text : {"", "10.5.0.0", "10.5.0.0/", "10.5.0.0/2x", "10.5.0.0/033", "/24",
                           "10.5.0.0/33", "10.5.0.0/0", "fd00::/64"}) {
    EXPECT_EQ(SubnetProblem(text), "must be an IPv4 subnet such as 10.5.0.0/24") << text;
  }
}

TEST(CidrTest, TextComesBack) {
  EXPECT_EQ("10.5.0.0/24"_subnet.text(), "10.5.0.0/24");
  EXPECT_EQ(Ipv4Text(0x7f000001), "127.0.0.1");
}

}  // namespace
}  // namespace pelagos
