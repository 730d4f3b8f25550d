#include "pelagos/net/ipam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace pelagos::net {
namespace {

using ::testing::HasSubstr;

sys::Subnet Net(absl::string_view text) { return sys::ParseSubnet(text).value(); }

std::string Refusal(absl::string_view text,
                    const std::vector<SubnetUser<sys::Subnet>>& users = {}) {
  absl::StatusOr<sys::Subnet> subnet = CheckSubnet(text, users);
  return subnet.ok() ? "accepted" : std::string(subnet.status().message());
}

TEST(IpamTest, SubnetsThatABridgeCannotHave) {
  EXPECT_EQ(Refusal("10.5.0.0/24"), "accepted");
  EXPECT_EQ(Refusal("10.5.0.0/29"), "accepted");
  EXPECT_THAT(Refusal("10.5.0.0/30"), HasSubstr("between /8 and /29"));
  EXPECT_THAT(Refusal("0.0.0.0/0"), HasSubstr("between /8 and /29"));
  EXPECT_THAT(Refusal("127.0.0.0/8"), HasSubstr("is reserved"));
  EXPECT_THAT(Refusal("224.0.0.0/24"), HasSubstr("is reserved"));
  EXPECT_THAT(Refusal("10.5.0.1/24"), HasSubstr("did you mean '10.5.0.0/24'?"));
  EXPECT_THAT(Refusal("10.5.0.0"), HasSubstr("expected ADDRESS/PREFIX"));
}

TEST(IpamTest, AnOverlapNamesWhoHasIt) {
  const std::vector<SubnetUser<sys::Subnet>> users = {{Net("10.5.0.0/16"), "network 'shop-net'"}};
  EXPECT_EQ(Refusal("10.5.7.0/24", users),
            "subnet 10.5.7.0/24 overlaps 10.5.0.0/16 of network 'shop-net'");
  EXPECT_EQ(Refusal("10.6.0.0/16", users), "accepted");
}

TEST(IpamTest, ThePoolIsUsedUpToItsEnd) {
  std::vector<SubnetUser<sys::Subnet>> users = {{Net("10.99.0.0/23"), "a route"}};
  std::set<std::string> picked;
  for (int i = 0; i < 254; ++i) {
    absl::StatusOr<sys::Subnet> subnet = PickSubnet({Net("10.99.0.0/16")}, 24, users);
    ASSERT_TRUE(subnet.ok()) << subnet.status();
    EXPECT_EQ(FindOverlap(*subnet, users), nullptr);
    users.push_back({*subnet, "us"});
    picked.insert(sys::ToString(*subnet));
  }
  EXPECT_EQ(picked.size(), 254u);
  EXPECT_EQ(picked.count("10.99.2.0/24"), 1u);
  EXPECT_EQ(picked.count("10.99.255.0/24"), 1u);
  EXPECT_TRUE(absl::IsResourceExhausted(PickSubnet({Net("10.99.0.0/16")}, 24, users).status()));
}

TEST(IpamTest, ThePoolMayEndWhereAddressesDo) {
  const std::vector<SubnetUser<sys::Subnet>> users = {{Net("255.255.255.0/24"), "us"}};
  EXPECT_FALSE(PickSubnet({Net("255.255.255.0/24")}, 24, users).ok());
}

TEST(IpamTest, AWideUserIsSkippedAtOnce) {
  const std::vector<SubnetUser<sys::Subnet>> users = {{Net("10.112.0.0/14"), "a route"},
                                                      {Net("10.116.0.0/24"), "us"}};
  const std::vector<sys::Subnet> pools = {Net("10.112.0.0/12")};
  EXPECT_EQ(sys::ToString(PickSubnet(pools, 24, users).value()), "10.116.1.0/24");
  EXPECT_EQ(sys::ToString(PickSubnet(pools, 20, users).value()), "10.116.16.0/20");
}

TEST(IpamTest, TheNextPoolFollowsAFullOne) {
  const std::vector<sys::Subnet> pools = {Net("10.99.0.0/24"), Net("10.112.0.0/12")};
  const std::vector<SubnetUser<sys::Subnet>> users = {{Net("10.99.0.0/24"), "us"}};
  EXPECT_EQ(sys::ToString(PickSubnet(pools, 24, users).value()), "10.112.0.0/24");
}

sys::Subnet6 Net6(absl::string_view text) { return sys::ParseSubnet6(text).value(); }

TEST(IpamTest, UniqueLocalSubnetsFollowFromTheSeed) {
  const auto seed = [](int attempt) { return uint64_t{0x1122334455667788} + (attempt << 8); };
  const sys::Subnet6 first = PickSubnet6(seed, {}).value();
  EXPECT_EQ(sys::ToString(first), "fd77:6655:4433:2211::/64");
  EXPECT_EQ(sys::ToString(PickSubnet6(seed, {{first, "us"}}).value()), "fd78:6655:4433:2211::/64");
  EXPECT_TRUE(absl::IsResourceExhausted(PickSubnet6(seed, {{Net6("fd00::/8"), "us"}}).status()));
}

TEST(IpamTest, Ipv6SubnetsThatANetworkCannotHave) {
  const std::vector<SubnetUser<sys::Subnet6>> users = {{Net6("fd00:1::/48"), "network 'a'"}};
  EXPECT_TRUE(CheckSubnet6("fd00:2::/64", users).ok());
  EXPECT_EQ(CheckSubnet6("fd00:1:0:7::/64", users).status().message(),
            "subnet fd00:1:0:7::/64 overlaps fd00:1::/48 of network 'a'");
  for (const char* text : {"fe80::/64", "ff00::/64", "::/64", "fd00:2::/127", "fd00::/7"}) {
    EXPECT_FALSE(CheckSubnet6(text, users).ok()) << text;
  }
}

}  // namespace
}  // namespace pelagos::net
