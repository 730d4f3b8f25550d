#include "pelagos/net/record.h"

#include <gtest/gtest.h>

namespace pelagos::net {
namespace {

TEST(RecordTest, NetworksComeBackAsTheyWere) {
  NetworkRecord record;
  record.name = "shop-net";
  record.project = "shop";
  record.subnet = sys::ParseSubnet("10.99.0.0/24").value();
  record.gateway = sys::ParseIpv4("10.99.0.1").value();
  record.bridge = "pg-0123456789ab";
  absl::StatusOr<NetworkRecord> back = ParseNetworkRecord(ToJson(record));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, record);
  record.driver = NetworkDriver::kMacvlan;
  record.parent = "eth0";
  record.subnet6 = sys::ParseSubnet6("fd00:1::/64").value();
  record.mtu = 9000;
  record.internal = record.nat66 = true;
  record.servers = {"10.0.0.1"};
  record.labels = {{"a", "b"}, {"c", "\"d\""}};
  record.created = "2026-01-01T00:00:00Z";
  back = ParseNetworkRecord(ToJson(record));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, record);
  EXPECT_EQ(sys::ToString(record.gateway6()), "fd00:1::1");
  EXPECT_EQ(sys::ToString(record.At6(sys::ParseIpv4("10.99.0.7").value())), "fd00:1::7");
}

TEST(RecordTest, TheHostComesBackAsItWas) {
  for (const HostRecord& record : {HostRecord{"0", {{"eth0/accept_ra", "1"}}}, HostRecord{}}) {
    absl::StatusOr<HostRecord> back = ParseHostRecord(ToJson(record));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, record);
  }
}

TEST(RecordTest, WhatWeDidNotWriteIsAnError) {
  for (const char* text :
       {"", "{", "[]", "{}", "7", R"({"name":1})",
        R"({"name":"n","project":"p","bridge":"b","driver":"bridge","subnet":"x"})"}) {
    EXPECT_TRUE(absl::IsDataLoss(ParseNetworkRecord(text).status())) << text;
  }
  EXPECT_TRUE(absl::IsDataLoss(ParseHostRecord("ip_forward").status()));
}

}  // namespace
}  // namespace pelagos::net
