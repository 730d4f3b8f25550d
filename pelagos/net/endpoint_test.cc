#include "pelagos/net/endpoint.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pelagos::net {
namespace {

Endpoint TwoNetworks() {
  const auto ip = [](absl::string_view text) { return sys::ParseIpv4(text).value(); };
  return {"shop-web",
          NetMode::kBridge,
          {{"eth0", "shop-front", ip("10.99.0.2"), 24, ip("10.99.0.1")},
           {"eth1", "shop-back", ip("10.99.1.5"), 24, ip("10.99.1.1")}},
          {}};
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
            "10.99.0.2\tweb\n");
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
