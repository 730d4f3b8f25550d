// Published ports of containers, as they are reached from everywhere: by the kernel's rules where
// it can, with the true source for who comes from outside; by a proxy for [::1] alone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/rooted/engine/network_host.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

class NetworkPublishTest : public NetworkTest {
 protected:
  // "LOCAL->INSIDE" of `port`.
  std::string HostPort(const std::string& name, const std::string& port) {
    const std::string text = Do({"port", name, port});
    return text.substr(text.rfind(':') + 1);
  }
  uint16_t HostPortNumber(const std::string& name, const std::string& port) {
    int number = 0;
    EXPECT_TRUE(absl::SimpleAtoi(HostPort(name, port), &number));
    return static_cast<uint16_t>(number);
  }
};

TEST_F(NetworkPublishTest, LoopbackIsForTheHostAlone) {
  Sleep("web", {"-p", "8080:80", "-p", "127.0.0.1:8053:53/udp"});
  const Fd inside = NetnsOf("web");
  const Fd tcp = Serve(inside, 80), udp = Serve(inside, 53, SOCK_DGRAM);
  const std::string gateway = GatewayOf(AddressOf("web"));
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, tcp), gateway);
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8053, udp), gateway);
  EXPECT_EQ(Proxies(), 0);
  EXPECT_EQ(Talk(host_, kHost, 8080, tcp, net::kUnwanted), "Connection refused");
  EXPECT_EQ(Talk(client_, kHost, 8080, tcp, net::kUnwanted), "Connection refused");
  EXPECT_EQ(Talk(client_, kHost, 8053, udp, net::kUnwanted), "nothing arrived");
  EXPECT_EQ(Talk(router_, "127.0.0.1", 8080, tcp, net::kUnwanted), "Connection refused");
  Remove("web");
  ExpectClean("a container with ports of loopback");
}

TEST_F(NetworkPublishTest, AllAddressesOfIpv4) {
  Sleep("web", {"-p", "0.0.0.0:8080:80", "-p", "0.0.0.0:8053:53/udp"});
  const Fd inside = NetnsOf("web");
  const Fd tcp = Serve(inside, 80), udp = Serve(inside, 53, SOCK_DGRAM);
  for (const auto& [server, port] : {std::pair(&tcp, 8080), std::pair(&udp, 8053)}) {
    const auto number = static_cast<uint16_t>(port);
    EXPECT_EQ(Talk(client_, kHost, number, *server), kClient) << "with its true source";
    EXPECT_EQ(Talk(router_, kHost, number, *server), "192.0.2.254");
    EXPECT_EQ(Talk(host_, "127.0.0.1", number, *server), GatewayOf(AddressOf("web")));
    EXPECT_FALSE(Talk(host_, kHost, number, *server).empty());
  }
  EXPECT_EQ(Proxies(), 0) << "all of this is done by the kernel";
  const std::string listed = world_->Pelagos({"ps", "--format", "Ports"}).out;
  EXPECT_THAT(listed, HasSubstr("0.0.0.0:8080->80/tcp"));
  EXPECT_THAT(listed, HasSubstr("0.0.0.0:8053->53/udp"));
  Remove("web");
  EXPECT_EQ(Talk(client_, kHost, 8080, tcp, net::kUnwanted), "Connection refused");
  ExpectClean("a container with ports of all addresses");
}

TEST_F(NetworkPublishTest, OneAddressOfTheHost) {
  Sleep("web",
        {"-p", absl::StrCat(kHost, ":8080:80"), "-p", absl::StrCat("[", kHost6, "]:8080:80")});
  const Fd inside = NetnsOf("web");
  const Fd tcp = Serve(inside, 80), tcp6 = Serve(inside, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(client_, kHost, 8080, tcp), kClient);
  EXPECT_EQ(Talk(client_, kHost6, 8080, tcp6), kClient6);
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, tcp, net::kUnwanted), "Connection refused");
  EXPECT_EQ(Talk(host_, "::1", 8080, tcp6, net::kUnwanted), "Connection refused");
  EXPECT_EQ(Proxies(), 0);
  Remove("web");
  ExpectClean("a container with ports of one address");
}

TEST_F(NetworkPublishTest, AllAddressesOfIpv6) {
  Sleep("web", {"-p", "[::]:8080:80", "-p", "[::]:8053:53/udp"});
  const Fd inside = NetnsOf("web");
  const Fd tcp = Serve(inside, 80, SOCK_STREAM, "::"), udp = Serve(inside, 53, SOCK_DGRAM, "::");
  for (const auto& [server, port] : {std::pair(&tcp, 8080), std::pair(&udp, 8053)}) {
    const auto number = static_cast<uint16_t>(port);
    EXPECT_EQ(Talk(client_, kHost6, number, *server), kClient6) << "not by the proxy";
    EXPECT_EQ(Talk(router_, kHost6, number, *server), "2001:db8:1::fe");
    EXPECT_THAT(Talk(host_, "::1", number, *server), HasSubstr("fd")) << "by the proxy";
  }
  EXPECT_EQ(Proxies(), 1);
  EXPECT_EQ(Talk(client_, kHost, 8080, tcp, net::kUnwanted), "Connection refused");
  Remove("web");
  ExpectClean("a container with ports of IPv6");
}

TEST_F(NetworkPublishTest, LoopbackOfIpv6) {
  Sleep("web", {"-p", "[::1]:8080:80", "-p", "[::1]:8053:53/udp"});
  const Fd inside = NetnsOf("web");
  const Fd tcp = Serve(inside, 80, SOCK_STREAM, "::"), udp = Serve(inside, 53, SOCK_DGRAM, "::");
  EXPECT_THAT(Talk(host_, "::1", 8080, tcp), HasSubstr("fd"));
  EXPECT_THAT(Talk(host_, "::1", 8053, udp), HasSubstr("fd"));
  EXPECT_EQ(Talk(client_, kHost6, 8080, tcp), "Connection refused");
  EXPECT_EQ(Proxies(), 1);
  Remove("web");
  ExpectClean("a container with ports of [::1]");
}

TEST_F(NetworkPublishTest, ThroughTheHostsAddressFromInside) {
  Do({"network", "create", "other"});
  Sleep("web", {"-p", "0.0.0.0:8080:80", "-p", "[::]:8080:80", "-p", "0.0.0.0:8053:53/udp"});
  Sleep("near");
  Sleep("beside", {"--network", "bridge"});
  Sleep("far", {"--network", "other"});
  const Fd inside = NetnsOf("web");
  const Fd tcp = Serve(inside, 80), tcp6 = Serve(inside, 80, SOCK_STREAM, "::"),
           udp = Serve(inside, 53, SOCK_DGRAM);
  const std::string gateway = GatewayOf(AddressOf("web"));
  EXPECT_EQ(Talk(inside, kHost, 8080, tcp), gateway) << "itself";
  EXPECT_EQ(Talk(inside, kHost, 8053, udp), gateway) << "itself";
  EXPECT_EQ(Talk(NetnsOf("beside"), kHost, 8080, tcp), gateway) << "a neighbour";
  EXPECT_EQ(Talk(NetnsOf("beside"), kHost, 8053, udp), gateway);
  EXPECT_EQ(Talk(NetnsOf("beside"), gateway, 8080, tcp), gateway) << "by its gateway's address";
  const Fd far = NetnsOf("far");
  EXPECT_NE(Talk(far, AddressOf("web"), 80, tcp, net::kUnwanted), AddressOf("far"))
      << "networks are apart";
  EXPECT_EQ(Talk(far, kHost, 8080, tcp), AddressOf("far")) << "but for published ports";
  EXPECT_EQ(Talk(far, kHost, 8053, udp), AddressOf("far"));
  EXPECT_THAT(Talk(inside, kHost6, 8080, tcp6), HasSubstr("fd")) << "itself, IPv6";
  EXPECT_THAT(Talk(NetnsOf("beside"), kHost6, 8080, tcp6), HasSubstr("fd"));
  EXPECT_EQ(Talk(far, kHost6, 8080, tcp6), Address6Of("far"));
  EXPECT_EQ(Talk(NetnsOf("near"), kHost, 8080, tcp, net::kUnwanted), "Network is unreachable");
  for (const char* name : {"web", "near", "beside", "far"}) Remove(name);
  Do({"network", "rm", "other"});
  ExpectClean("containers that reach each other through the host");
}

TEST_F(NetworkPublishTest, RandomPortsAndRanges) {
  Sleep("web", {"-p", "80", "-p", "8000-8002:90-92", "-p", "9000-9010:70", "-p", "53/udp"});
  const uint16_t chosen = HostPortNumber("web", "80");
  EXPECT_GT(chosen, 1023);
  EXPECT_EQ(HostPort("web", "91"), "8001");
  const uint16_t of_range = HostPortNumber("web", "70");
  EXPECT_GE(of_range, 9000);
  EXPECT_LE(of_range, 9010);
  const Fd inside = NetnsOf("web");
  const std::string gateway = GatewayOf(AddressOf("web"));
  EXPECT_EQ(Talk(host_, "127.0.0.1", chosen, Serve(inside, 80)), gateway);
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8002, Serve(inside, 92)), gateway);
  EXPECT_EQ(Talk(host_, "127.0.0.1", of_range, Serve(inside, 70)), gateway);
  EXPECT_EQ(
      Talk(host_, "127.0.0.1", HostPortNumber("web", "53/udp"), Serve(inside, 53, SOCK_DGRAM)),
      gateway);
  Do({"restart", "-t", "0", "web"});
  const Fd again = NetnsOf("web");
  EXPECT_EQ(Talk(host_, "127.0.0.1", HostPortNumber("web", "80"), Serve(again, 80)), gateway);
  Do({"stop", "-t", "0", "web"});
  ExpectClean("a container that is stopped");
  Do({"start", "web"});
  const Fd third = NetnsOf("web");
  EXPECT_EQ(Talk(host_, "127.0.0.1", HostPortNumber("web", "80"), Serve(third, 80)), gateway);
  Remove("web");
  ExpectClean("a container with random ports");
}

}  // namespace
}  // namespace pelagos::rooted
