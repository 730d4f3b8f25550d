#include "pelagos/net/dns/zone.h"

#include <gtest/gtest.h>

namespace pelagos::net {
namespace {

sys::Ipv4 Ip(absl::string_view text) { return sys::ParseIpv4(text).value(); }
sys::Ipv6 Ip6(absl::string_view text) { return sys::ParseIpv6(text).value(); }

TEST(ZoneTest, ANetworksFileIsReadAsItIsWritten) {
  const ZoneHead bare{Ip("10.99.0.1"), 24, {}, 64, false, "", {}};
  EXPECT_EQ(ToText(bare), "gateway 10.99.0.1/24\n");
  EXPECT_EQ(ParseZoneHead(ToText(bare)).value(), bare);
  const ZoneHead full{Ip("10.99.0.1"),           16, Ip6("fd00:1::1"), 48, true, "shop-net",
                      {"9.9.9.9", "2001:db8::1"}};
  EXPECT_EQ(ToText(full),
            "gateway 10.99.0.1/16\n"
            "gateway6 fd00:1::1/48\n"
            "internal\n"
            "domain shop-net\n"
            "resolver 9.9.9.9\n"
            "resolver 2001:db8::1\n");
  EXPECT_EQ(ParseZoneHead(ToText(full)).value(), full);
  EXPECT_EQ(sys::ToString(full.subnet()), "10.99.0.0/16");
  EXPECT_EQ(sys::ToString(*full.subnet6()), "fd00:1::/48");
  for (const char* text :
       {"", "internal\n", "gateway 10.99.0.1\n", "gateway x/24\n", "gateway 10.99.0.1/33\n",
        "gateway 10.99.0.1/24\ninternal yes\n", "gateway 10.99.0.1/24\ndomain\n",
        "gateway 10.99.0.1/24\nresolver here\n", "gateway 10.99.0.1/24\nmtu 1500\n",
        "gateway 10.99.0.1/24\ngateway6 fd00::1/129\n"}) {
    EXPECT_TRUE(absl::IsDataLoss(ParseZoneHead(text).status())) << text;
  }
}

TEST(ZoneTest, AContainersFileIsReadAsItIsWritten) {
  const ZoneHost bare{Ip("10.99.0.2"), {}, "shop-job", {}, {}};
  EXPECT_EQ(ToText(bare), "address 10.99.0.2\n");
  EXPECT_EQ(ParseZoneHost("shop-job", ToText(bare)).value(), bare);
  const ZoneHost full{
      Ip("10.99.0.2"), Ip6("fd00:1::2"), "shop-web", {"web", "www.shop"}, {"9.9.9.9"}};
  EXPECT_EQ(ToText(full),
            "address 10.99.0.2\n"
            "address6 fd00:1::2\n"
            "name web\n"
            "name www.shop\n"
            "resolver 9.9.9.9\n");
  EXPECT_EQ(ParseZoneHost("shop-web", ToText(full)).value(), full);
  for (const char* text : {"", "name web\n", "address 10.99.0\n", "address 10.99.0.2\nname\n",
                           "address 10.99.0.2\nname a b\n", "address 10.99.0.2\naddress6 x\n",
                           "address 10.99.0.2\nresolver \n", "address 10.99.0.2\nport 80\n"}) {
    EXPECT_TRUE(absl::IsDataLoss(ParseZoneHost("a", text).status())) << text;
  }
}

TEST(ZoneTest, WhatCannotBeAName) {
  EXPECT_TRUE(CheckName("web-1.shop_x").ok());
  for (const std::string& name :
       {std::string(), std::string("-"), std::string("a b"), std::string("a..b"), std::string(".a"),
        std::string("a."), std::string("a\n"), std::string(64, 'a'), std::string(254, 'a')}) {
    EXPECT_FALSE(CheckName(name).ok()) << name;
  }
}

TEST(ZoneTest, WhatCannotBeAFile) {
  for (const char* owner : {"a", "shop-web.1", "x:y@z", "\xc3\xa4"}) {
    EXPECT_TRUE(CheckOwner(owner).ok()) << owner;
  }
  for (const std::string& owner :
       {std::string(), std::string("."), std::string(".zone"), std::string("a/b"),
        std::string("a b"), std::string("a\n"), std::string("a\0b", 3), std::string(256, 'a')}) {
    EXPECT_FALSE(CheckOwner(owner).ok()) << owner;
  }
}

}  // namespace
}  // namespace pelagos::net
