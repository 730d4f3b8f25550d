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
  EXPECT_EQ(HostsFile("web", {"a", NetMode::kNone, {}, {}}),
            "127.0.0.1\tlocalhost web\n"
            "::1\tlocalhost ip6-localhost ip6-loopback\n");
}

}  // namespace
}  // namespace pelagos::net
