#include "pelagos/net/dns/zone.h"

#include <gtest/gtest.h>

namespace pelagos::net {
namespace {

sys::Ipv4 Ip(absl::string_view text) { return sys::ParseIpv4(text).value(); }

Zone Front() {
  return {Ip("10.99.0.1"),
          24,
          {{Ip("10.99.0.2"), "shop-web", {"web", "www"}},
           {Ip("10.99.0.3"), "shop-app", {"app"}},
           {Ip("10.99.0.4"), "shop-job", {}}}};
}

Zone Back() {
  return {Ip("10.99.1.1"),
          24,
          {{Ip("10.99.1.2"), "shop-app", {"app"}},
           {Ip("10.99.1.3"), "shop-db", {"db"}},
           {Ip("10.99.1.4"), "shop-db2", {"DB"}}}};
}

TEST(ZoneTest, TheFileIsReadAsItIsWritten) {
  EXPECT_EQ(ToText(Front()),
            "10.99.0.1/24\n"
            "web 10.99.0.2 shop-web\n"
            "www 10.99.0.2 shop-web\n"
            "app 10.99.0.3 shop-app\n"
            "- 10.99.0.4 shop-job\n");
  EXPECT_EQ(ParseZone(ToText(Front())).value(), Front());
  for (const char* text :
       {"", "10.99.0.1\n", "x/24\n", "10.99.0.1/24\nweb\n", "10.99.0.1/24\nweb x shop\n"}) {
    EXPECT_TRUE(absl::IsDataLoss(ParseZone(text).status()) ||
                absl::IsInvalidArgument(ParseZone(text).status()))
        << text;
  }
}

TEST(ZoneTest, NamesAreScopedByTheAsker) {
  const ZoneTable table({Front(), Back()});
  const auto find = [&](const char* gateway, const char* asker, const char* name) {
    std::string text;
    for (sys::Ipv4 address : table.Find(Ip(gateway), Ip(asker), name)) {
      text += sys::ToString(address) + " ";
    }
    return text;
  };
  EXPECT_EQ(find("10.99.0.1", "10.99.0.2", "app"), "10.99.0.3 ");
  EXPECT_EQ(find("10.99.0.1", "10.99.0.2", "db"), "");
  EXPECT_EQ(find("10.99.0.1", "10.99.0.3", "db"), "10.99.1.3 10.99.1.4 ");
  EXPECT_EQ(find("10.99.1.1", "10.99.1.2", "www"), "10.99.0.2 ");
  EXPECT_EQ(find("10.99.1.1", "10.99.1.2", "app"), "10.99.1.2 10.99.0.3 ");
  EXPECT_EQ(table.FindName(Ip("10.99.0.1"), Ip("10.99.0.3"), Ip("10.99.1.3")), "db");
  EXPECT_EQ(table.FindName(Ip("10.99.0.1"), Ip("10.99.0.2"), Ip("10.99.1.3")), "");
  EXPECT_TRUE(table.Covers(Ip("10.99.0.1"), Ip("10.99.0.3"), Ip("10.99.1.77")));
  EXPECT_FALSE(table.Covers(Ip("10.99.0.1"), Ip("10.99.0.2"), Ip("10.99.1.77")));
  EXPECT_TRUE(table.MayAsk(Ip("10.99.0.1"), Ip("10.99.0.200")));
  EXPECT_FALSE(table.MayAsk(Ip("10.99.0.1"), Ip("10.99.1.2")));
}

TEST(ZoneTest, WhatCannotBeAName) {
  EXPECT_TRUE(CheckName("web-1.shop_x").ok());
  for (const std::string& name :
       {std::string(), std::string("-"), std::string("a b"), std::string("a..b"), std::string(".a"),
        std::string("a."), std::string("a\n"), std::string(64, 'a'), std::string(254, 'a')}) {
    EXPECT_FALSE(CheckName(name).ok()) << name;
  }
}

}  // namespace
}  // namespace pelagos::net
