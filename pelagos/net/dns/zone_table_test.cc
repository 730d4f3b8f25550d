#include "pelagos/net/dns/zone_table.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pelagos::net {
namespace {

sys::Ipv4 Ip(absl::string_view text) { return sys::ParseIpv4(text).value(); }
sys::Ipv6 Ip6(absl::string_view text) { return sys::ParseIpv6(text).value(); }
sys::Ipv6 Any(absl::string_view text) {
  return text.find(':') == absl::string_view::npos ? Mapped(Ip(text)) : Ip6(text);
}

class ZoneTableTest : public ::testing::Test {
 protected:
  ZoneTableTest() {
    table_.SetHead("front", {Ip("10.99.0.1"), 24, Ip6("fd00:1::1"), 64, true, "Shop-Front", {}});
    table_.SetHead("back", {Ip("10.99.1.1"), 24, {}, 64, true, "shop-back", {}});
    table_.SetHost("front", {Ip("10.99.0.2"), Ip6("fd00:1::2"), "web", {"web", "www"}, {}});
    table_.SetHost("front", {Ip("10.99.0.3"), Ip6("fd00:1::3"), "app", {"app"}, {}});
    table_.SetHost("front", {Ip("10.99.0.4"), {}, "job", {}, {}});
    table_.SetHost("back", {Ip("10.99.1.2"), {}, "app", {"app"}, {}});
    table_.SetHost("back", {Ip("10.99.1.3"), {}, "db", {"db"}, {}});
    table_.SetHost("back", {Ip("10.99.1.4"), {}, "db2", {"DB", "db"}, {}});
  }

  std::string Find(const char* gateway, const char* asker, const char* name) const {
    const auto scope = table_.ScopeOf(Any(gateway), Any(asker));
    if (!scope) return "nobody";
    ZoneTable::Hosts hosts;
    ZoneTable::Find(*scope, name, hosts);
    std::string text;
    for (const ZoneHost* host : hosts) text += sys::ToString(host->address) + " ";
    return text;
  }

  ZoneTable table_;
};

TEST_F(ZoneTableTest, NamesAreScopedByTheAsker) {
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.2", "app"), "10.99.0.3 ");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.2", "db"), "");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "db"), "10.99.1.3 10.99.1.4 ");
  EXPECT_EQ(Find("10.99.1.1", "10.99.1.2", "www"), "10.99.0.2 ");
  EXPECT_EQ(Find("10.99.1.1", "10.99.1.2", "app"), "10.99.1.2 10.99.0.3 ");
  EXPECT_EQ(Find("fd00:1::1", "fd00:1::3", "db"), "10.99.1.3 10.99.1.4 ");
  EXPECT_EQ(Find("fd00:1::1", "fd00:1::99", "web"), "10.99.0.2 ");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.200", "web"), "10.99.0.2 ");
  EXPECT_EQ(Find("10.99.0.1", "10.99.1.2", "web"), "nobody");
  EXPECT_EQ(Find("fd00:1::1", "10.99.0.2", "web"), "10.99.0.2 ");
  EXPECT_EQ(Find("10.99.9.1", "10.99.9.2", "web"), "nobody");
}

TEST_F(ZoneTableTest, ADomainMeansItsNetwork) {
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "app.shop-front"), "10.99.0.3 ");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "app.shop-back"), "10.99.1.2 ");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.2", "app.shop-back"), "");
  const auto scope = table_.ScopeOf(Any("10.99.0.1"), Any("10.99.0.2"));
  EXPECT_TRUE(ZoneTable::InDomain(*scope, "x.shop-front"));
  EXPECT_FALSE(ZoneTable::InDomain(*scope, "x.shop-back"));
  EXPECT_FALSE(ZoneTable::InDomain(*scope, ".shop-front"));
}

TEST_F(ZoneTableTest, AddressesAreScopedToo) {
  const auto app = table_.ScopeOf(Any("10.99.0.1"), Any("10.99.0.3"));
  const auto web = table_.ScopeOf(Any("10.99.0.1"), Any("10.99.0.2"));
  EXPECT_EQ(ZoneTable::FindAddress(*app, Any("10.99.1.3"))->owner, "db");
  EXPECT_EQ(ZoneTable::FindAddress(*web, Any("10.99.1.3")), nullptr);
  EXPECT_EQ(ZoneTable::FindAddress(*web, Any("fd00:1::3"))->owner, "app");
  EXPECT_TRUE(ZoneTable::Covers(*app, Any("10.99.1.77")));
  EXPECT_FALSE(ZoneTable::Covers(*web, Any("10.99.1.77")));
  EXPECT_TRUE(ZoneTable::Covers(*web, Any("fd00:1::77")));
  EXPECT_FALSE(ZoneTable::Covers(*web, Any("fd00:2::77")));
}

TEST_F(ZoneTableTest, OneOpenNetworkOpensTheWorld) {
  EXPECT_TRUE(ZoneTable::Internal(*table_.ScopeOf(Any("10.99.0.1"), Any("10.99.0.3"))));
  table_.SetHead("back", {Ip("10.99.1.1"), 24, {}, 64, false, "shop-back", {}});
  EXPECT_FALSE(ZoneTable::Internal(*table_.ScopeOf(Any("10.99.0.1"), Any("10.99.0.3"))));
  EXPECT_TRUE(ZoneTable::Internal(*table_.ScopeOf(Any("10.99.0.1"), Any("10.99.0.2"))));
}

TEST_F(ZoneTableTest, HostsComeAndGo) {
  table_.SetHost("front", {Ip("10.99.0.2"), {}, "web", {"web2"}, {}});
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "web"), "");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "web2"), "10.99.0.2 ");
  EXPECT_EQ(
      ZoneTable::FindAddress(*table_.ScopeOf(Any("10.99.0.1"), Any("10.99.0.3")), Any("fd00:1::2")),
      nullptr);
  // The address is another's before the old one's file is gone.
  table_.SetHost("front", {Ip("10.99.0.2"), {}, "new", {"new"}, {}});
  table_.EraseHost("front", "web");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "web2"), "");
  const auto scope = table_.ScopeOf(Any("10.99.0.1"), Any("10.99.0.2"));
  ASSERT_NE(scope->asker, nullptr);
  EXPECT_EQ(scope->asker->owner, "new");
  table_.EraseHost("back", "app");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "db"), "");
  table_.EraseHost("front", "nobody");
  table_.EraseHost("nowhere", "web");
}

TEST_F(ZoneTableTest, NetworksComeAndGo) {
  table_.EraseHead("back");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "db"), "");
  EXPECT_EQ(Find("10.99.1.1", "10.99.1.2", "db"), "nobody");
  table_.SetHead("back", {Ip("10.99.2.1"), 16, {}, 64, false, "", {}});
  EXPECT_EQ(Find("10.99.1.1", "10.99.1.2", "db"), "nobody");
  EXPECT_EQ(Find("10.99.2.1", "10.99.1.2", "db"), "10.99.1.3 10.99.1.4 ");
  // Its subnet and gateway are another's before it is gone.
  table_.SetHead("next", {Ip("10.99.2.1"), 24, {}, 64, false, "", {}});
  table_.EraseNetwork("back");
  EXPECT_EQ(Find("10.99.2.1", "10.99.2.2", "db"), "");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "app"), "10.99.0.3 ");
  EXPECT_EQ(Find("10.99.0.1", "10.99.0.3", "db"), "");
  table_.EraseNetwork("nowhere");
  EXPECT_EQ(table_.networks().size(), 2u);
}

}  // namespace
}  // namespace pelagos::net
