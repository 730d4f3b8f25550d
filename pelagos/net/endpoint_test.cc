#include "pelagos/net/endpoint.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pelagos::net {
namespace {

Endpoint TwoNetworks() {
  const auto ip = [](absl::string_view text) { return sys::ParseIpv4(text).value(); };
  return {"shop-web",
          NetMode::kBridge,
          {{"eth0", "shop-front", NetworkDriver::kBridge, ip("10.99.0.2"), 24, ip("10.99.0.1")},
           {"eth1", "shop-back", NetworkDriver::kBridge, ip("10.99.1.5"), 24, ip("10.99.1.1")}},
          {}};
}

TEST(EndpointTest, ComesBackAsItWas) {
  Endpoint endpoint = TwoNetworks();
  Interface& first = endpoint.interfaces[0];
  first.address6 = sys::ParseIpv6("fd00:1::2").value();
  first.gateway6 = sys::ParseIpv6("fd00:1::1").value();
  first.mac = std::string("\x02\x50\x0a\x63\x00\x02", 6);
  first.host_link = "pv-0123456789ab";
  first.names = {"web", "www"};
  endpoint.interfaces[1].driver = NetworkDriver::kMacvlan;
  endpoint.interfaces[1].internal = true;
  endpoint.ports = {{"127.0.0.1", 8080, 80, Protocol::kTcp}, {"::", 53, 53, Protocol::kUdp}};
  endpoint.dns = {{"10.0.0.1"}, {"example.org"}, {"ndots:2"}};
  const absl::StatusOr<Endpoint> back = ParseEndpoint(ToJson(endpoint));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, endpoint);
}

TEST(EndpointTest, WhatWeDidNotWriteIsAnError) {
  for (const char* text :
       {"", "{", "[]", "{}", "7", R"({"id":"a","mode":"x","interfaces":[],"ports":[]})",
        R"({"id":"a","mode":"none","interfaces":[{"name":"eth0"}],"ports":[]})",
        R"({"id":"a","mode":"none","interfaces":[],"ports":[{"address":"1.2.3","host":1,"inside":1,
            "protocol":"tcp"}]})"}) {
    EXPECT_TRUE(absl::IsDataLoss(ParseEndpoint(text).status())) << text;
  }
}

TEST(EndpointTest, ResolvConfOfWhoHasNoPelagosDns) {
  constexpr char kHost[] = "nameserver 127.0.0.53\nnameserver 10.1.1.1\n# nameserver 9.9.9.9\n";
  Endpoint endpoint = TwoNetworks();
  for (Interface& inside : endpoint.interfaces) inside.driver = NetworkDriver::kMacvlan;
  EXPECT_EQ(ResolvConf(endpoint, kHost), "nameserver 10.1.1.1\n");
  EXPECT_EQ(ResolvConf(endpoint, "nameserver ::1\n"),
            "# no name server of the host can be reached from here\n");
  endpoint.dns = {{"10.0.0.1"}, {"example.org", "lan"}, {"ndots:2"}};
  EXPECT_EQ(ResolvConf(endpoint, kHost),
            "nameserver 10.0.0.1\nsearch example.org lan\noptions ndots:2\n");
  endpoint.interfaces = TwoNetworks().interfaces;
  EXPECT_EQ(ResolvConf(endpoint, kHost),
            "nameserver 10.99.0.1\nnameserver 10.99.1.1\nsearch example.org lan\noptions "
            "ndots:2\n");
}

TEST(EndpointTest, ResolvConfNamesTheGateways) {
  EXPECT_EQ(ResolvConf(TwoNetworks()), "nameserver 10.99.0.1\nnameserver 10.99.1.1\n");
  Endpoint many = TwoNetworks();
  many.interfaces.resize(5, many.interfaces[0]);
  const std::string text = ResolvConf(many);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_EQ(ResolvConf({"a", NetMode::kNone, {}, {}}), "# this container has no network\n");
}

TEST(EndpointTest, HostsNamesTheContainer) {
  EXPECT_EQ(HostsFile("web", TwoNetworks()),
            "127.0.0.1\tlocalhost\n"
            "::1\tlocalhost ip6-localhost ip6-loopback\n"
            "10.99.0.2\tweb\n"
            "10.99.1.5\tweb\n");
  const std::vector<ExtraHost> extra = {{"db", "10.9.9.9"}, {"up", "host-gateway"}, {"v6", "::5"}};
  EXPECT_EQ(HostsFile("web", TwoNetworks(), extra),
            HostsFile("web", TwoNetworks()) + "10.9.9.9\tdb\n" +
                sys::ToString(TwoNetworks().interfaces[0].gateway) + "\tup\n::5\tv6\n");
  const Endpoint none = {"a", NetMode::kNone, {}, {}};
  EXPECT_EQ(HostsFile("web", none, extra), HostsFile("web", none) + "10.9.9.9\tdb\n::5\tv6\n");
  EXPECT_EQ(HostsFile("web", none, extra, "127.0.0.1"),
            HostsFile("web", none) + "10.9.9.9\tdb\n127.0.0.1\tup\n::5\tv6\n");
  EXPECT_EQ(HostsFile("web", {"a", NetMode::kNone, {}, {}}),
            "127.0.0.1\tlocalhost web\n"
            "::1\tlocalhost ip6-localhost ip6-loopback\n");
}

}  // namespace
}  // namespace pelagos::net
