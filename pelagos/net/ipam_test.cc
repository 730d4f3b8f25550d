#include "pelagos/net/ipam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace pelagos::net {
namespace {

using ::testing::HasSubstr;

sys::Subnet Net(absl::string_view text) { return sys::ParseSubnet(text).value(); }

std::string Refusal(absl::string_view text, const std::vector<SubnetUser>& users = {}) {
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
  const std::vector<SubnetUser> users = {{Net("10.5.0.0/16"), "network 'shop-net'"}};
  EXPECT_EQ(Refusal("10.5.7.0/24", users),
            "subnet 10.5.7.0/24 overlaps 10.5.0.0/16 of network 'shop-net'");
  EXPECT_EQ(Refusal("10.6.0.0/16", users), "accepted");
}

TEST(IpamTest, ThePoolIsUsedUpToItsEnd) {
  std::vector<SubnetUser> users = {{Net("10.99.0.0/23"), "a route"}};
  std::set<std::string> picked;
  for (int i = 0; i < 254; ++i) {
    absl::StatusOr<sys::Subnet> subnet = PickSubnet(Net("10.99.0.0/16"), users);
    ASSERT_TRUE(subnet.ok()) << subnet.status();
    EXPECT_EQ(FindOverlap(*subnet, users), nullptr);
    users.push_back({*subnet, "us"});
    picked.insert(sys::ToString(*subnet));
  }
  EXPECT_EQ(picked.size(), 254u);
  EXPECT_EQ(picked.count("10.99.2.0/24"), 1u);
  EXPECT_EQ(picked.count("10.99.255.0/24"), 1u);
  EXPECT_TRUE(absl::IsResourceExhausted(PickSubnet(Net("10.99.0.0/16"), users).status()));
}

TEST(IpamTest, ThePoolMayEndWhereAddressesDo) {
  const std::vector<SubnetUser> users = {{Net("255.255.255.0/24"), "us"}};
  EXPECT_FALSE(PickSubnet(Net("255.255.255.0/24"), users).ok());
}

TEST(IpamTest, EveryAddressOnceAndNoneTwice) {
  NetworkRecord record{"n", "p", Net("10.5.0.0/29"), "", {}};
  std::vector<std::string> addresses;
  for (const char* owner : {"a", "b", "c", "d", "e"}) {
    absl::StatusOr<sys::Ipv4> address = PickAddress(record, owner);
    ASSERT_TRUE(address.ok()) << address.status();
    record.leases.push_back({*address, owner, {}});
    addresses.push_back(sys::ToString(*address));
  }
  EXPECT_THAT(addresses,
              ::testing::ElementsAre("10.5.0.2", "10.5.0.3", "10.5.0.4", "10.5.0.5", "10.5.0.6"));
  EXPECT_THAT(std::string(PickAddress(record, "f").status().message()),
              HasSubstr("all addresses of 10.5.0.0/29 are in use"));
  EXPECT_EQ(sys::ToString(PickAddress(record, "c").value()), "10.5.0.4");  // keeps its own
  record.leases.erase(record.leases.begin() + 1);
  EXPECT_EQ(sys::ToString(PickAddress(record, "f").value()), "10.5.0.3");
}

TEST(IpamTest, ABigNetworkWithLeasesFarApart) {
  NetworkRecord record{"n", "p", Net("10.0.0.0/8"), "", {}};
  record.leases = {{sys::ParseIpv4("10.200.0.1").value(), "far", {}},
                   {sys::ParseIpv4("10.0.0.2").value(), "near", {}}};
  EXPECT_EQ(sys::ToString(PickAddress(record, "x").value()), "10.0.0.3");
}

}  // namespace
}  // namespace pelagos::net
