#include "pelagos/net/record.h"

#include <gtest/gtest.h>

namespace pelagos::net {
namespace {

sys::Ipv4 Ip(absl::string_view text) { return sys::ParseIpv4(text).value(); }

TEST(RecordTest, NetworksComeBackAsTheyWere) {
  const NetworkRecord record{
      "shop-net",
      "shop",
      sys::ParseSubnet("10.99.0.0/24").value(),
      "pg-0123456789ab",
      {{Ip("10.99.0.2"), "shop-web", {"web", "www"}}, {Ip("10.99.0.3"), "shop-\"job\"", {}}}};
  absl::StatusOr<NetworkRecord> back = ParseNetworkRecord(ToJson(record));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, record);
  EXPECT_EQ(sys::ToString(record.gateway()), "10.99.0.1");
}

TEST(RecordTest, PortsComeBackAsTheyWere) {
  const PortsRecord record{{{"shop-web", {"127.0.0.1", 8080, 80, Protocol::kTcp}, Ip("10.99.0.2")},
                            {"shop-dns", {"0.0.0.0", 5353, 53, Protocol::kUdp}, {}}}};
  absl::StatusOr<PortsRecord> back = ParsePortsRecord(ToJson(record));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, record);
}

TEST(RecordTest, TheHostComesBackAsItWas) {
  for (const HostRecord& record :
       {HostRecord{"0"}, HostRecord{}, HostRecord{{}, {{"all/forwarding", "0"}}}}) {
    absl::StatusOr<HostRecord> back = ParseHostRecord(ToJson(record));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, record);
  }
}

TEST(RecordTest, WhatWeDidNotWriteIsAnError) {
  for (const char* text : {"", "{", "[]", "{}", "7", R"({"name":1})",
                           R"({"name":"n","project":"p","bridge":"b","subnet":"x","leases":[]})"}) {
    EXPECT_TRUE(absl::IsDataLoss(ParseNetworkRecord(text).status())) << text;
  }
  EXPECT_TRUE(absl::IsDataLoss(ParsePortsRecord(R"({"ports":[{"owner":"a"}]})").status()));
  EXPECT_TRUE(absl::IsDataLoss(
      ParsePortsRecord(
          R"({"ports":[{"owner":"a","address":"1.2.3","host":1,"inside":1,"protocol":"tcp"}]})")
          .status()));
  EXPECT_TRUE(absl::IsDataLoss(ParseHostRecord("ip_forward").status()));
}

}  // namespace
}  // namespace pelagos::net
