// What a container of each network mode reaches, and from where it is reached.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/rooted/engine/network_host.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

class NetworkReachTest : public NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    outside_ = Serve(client_, 7000);
    outside_udp_ = Serve(client_, 7000, SOCK_DGRAM);
    outside6_ = Serve(client_, 7000, SOCK_STREAM, "::");
  }
  // As what a container is seen outside.
  std::string Seen(const Fd& from) { return Talk(from, kClient, 7000, outside_, net::kUnwanted); }
  std::string SeenUdp(const Fd& from) {
    return Talk(from, kClient, 7000, outside_udp_, net::kUnwanted);
  }
  std::string Seen6(const Fd& from) { return Talk(from, kClient6, 7000, outside6_); }

  Fd outside_, outside_udp_, outside6_;
};

TEST_F(NetworkReachTest, WithoutANetworkThereIsLoopback) {
  for (const Words& flags : {Words{}, Words{"--network", "none"}}) {
    Sleep("alone", flags);
    const Fd inside = NetnsOf("alone");
    EXPECT_EQ(Exec("alone", "ls /sys/class/net"), "lo");
    EXPECT_EQ(Talk(inside, "127.0.0.1", 80, Serve(inside, 80)), "127.0.0.1");
    EXPECT_EQ(Talk(inside, "::1", 81, Serve(inside, 81, SOCK_STREAM, "::")), "::1");
    EXPECT_EQ(Seen(inside), "Network is unreachable");
    EXPECT_EQ(Seen6(inside), "Network is unreachable");
    EXPECT_EQ(Difference(before_, Look()).find("link "), std::string::npos);
    Remove("alone");
  }
  ExpectClean("a container without a network");
}

TEST_F(NetworkReachTest, ABridgeLeadsOutsideWithTheHostsAddress) {
  Sleep("a", {"--network", "bridge"});
  Sleep("b", {"--network", "bridge"});
  const Fd a = NetnsOf("a"), b = NetnsOf("b");
  EXPECT_EQ(Seen(a), kHost);
  EXPECT_EQ(SeenUdp(a), kHost);
  EXPECT_EQ(Seen6(a), "Network is unreachable") << "unique local addresses stay among themselves";
  const Fd server = Serve(b, 80), server6 = Serve(b, 80, SOCK_STREAM, "::"),
           udp = Serve(b, 80, SOCK_DGRAM);
  EXPECT_EQ(Talk(a, AddressOf("b"), 80, server), AddressOf("a"));
  EXPECT_EQ(Talk(a, AddressOf("b"), 80, udp), AddressOf("a"));
  EXPECT_EQ(Talk(a, Address6Of("b"), 80, server6), Address6Of("a"));
  EXPECT_EQ(Talk(host_, AddressOf("b"), 80, server), GatewayOf(AddressOf("b")));
  // Somebody outside who has a route to the bridge, too.
  Shell(router_, "ip route add 10.0.0.0/8 via 192.0.2.1");
  EXPECT_NE(Talk(client_, AddressOf("b"), 80, server, net::kUnwanted), kClient);
  Remove("a");
  Remove("b");
  ExpectClean("two containers on the default network");
}

TEST_F(NetworkReachTest, NamedNetworksAreApartAndOneContainerMayBeInTwo) {
  Do({"network", "create", "--subnet", "10.5.0.0/24", "front"});
  Do({"network", "create", "--subnet", "10.6.0.0/24", "back"});
  Sleep("f", {"--network", "front"});
  Sleep("k", {"--network", "back"});
  Sleep("two", {"--network", "front", "--network", "back"});
  const Fd f = NetnsOf("f"), k = NetnsOf("k"), two = NetnsOf("two");
  EXPECT_EQ(AddressOf("two", "eth0"), "10.5.0.3");
  EXPECT_EQ(AddressOf("two", "eth1"), "10.6.0.3");
  const Fd server = Serve(two, 80), server6 = Serve(two, 80, SOCK_STREAM, "::"),
           of_k = Serve(k, 80), of_k6 = Serve(k, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(f, "10.5.0.3", 80, server), "10.5.0.2");
  EXPECT_EQ(Talk(k, "10.6.0.3", 80, server), "10.6.0.2");
  EXPECT_EQ(Talk(k, Address6Of("two", "eth1"), 80, server6), Address6Of("k"));
  EXPECT_EQ(Talk(two, "10.6.0.2", 80, of_k), "10.6.0.3");
  EXPECT_NE(Talk(f, "10.6.0.2", 80, of_k, net::kUnwanted), "10.5.0.2") << "not through the host";
  EXPECT_NE(Talk(f, "10.6.0.3", 80, server, net::kUnwanted), "10.5.0.2");
  EXPECT_NE(Talk(f, Address6Of("k"), 80, of_k6, net::kUnwanted), Address6Of("f"));
  EXPECT_EQ(Seen(two), kHost);
  EXPECT_EQ(Seen(f), kHost);
  for (const char* name : {"f", "k", "two"}) Remove(name);
  Do({"network", "rm", "front", "back"});
  ExpectClean("two networks");
}

TEST_F(NetworkReachTest, AnInternalNetworkHasNoWayOut) {
  Do({"network", "create", "--internal", "inner"});
  Sleep("a", {"--network", "inner"});
  Sleep("b", {"--network", "inner"});
  const Fd a = NetnsOf("a"), b = NetnsOf("b");
  EXPECT_EQ(Talk(a, AddressOf("b"), 80, Serve(b, 80)), AddressOf("a"));
  EXPECT_EQ(Talk(a, Address6Of("b"), 80, Serve(b, 80, SOCK_STREAM, "::")), Address6Of("a"));
  EXPECT_EQ(Seen(a), "Network is unreachable");
  EXPECT_EQ(Seen6(a), "Network is unreachable");
  Exec("a",
       absl::StrCat("ip route add default via ", GatewayOf(AddressOf("a")), " 2>/dev/null; true"));
  EXPECT_NE(Seen(a), kHost) << "whatever its routes are";
  const std::string gateway = GatewayOf(AddressOf("a"));
  EXPECT_NE(Talk(a, gateway, 90, Serve(host_, 90), net::kUnwanted), AddressOf("a"))
      << "nothing of the host";
  EXPECT_THAT(net::Resolve(a, gateway, "b"), AddressOf("b")) << "but the names";
  Remove("a");
  Remove("b");
  Do({"network", "rm", "inner"});
  ExpectClean("an internal network");
}

TEST_F(NetworkReachTest, Nat66HasTheHostsAddressOutside) {
  Do({"network", "create", "--nat66", "six"});
  Sleep("a", {"--network", "six"});
  EXPECT_EQ(Seen6(NetnsOf("a")), kHost6);
  EXPECT_EQ(Seen(NetnsOf("a")), kHost);
  Remove("a");
  Do({"network", "rm", "six"});
  ExpectClean("a network with NAT66");
}

TEST_F(NetworkReachTest, MacvlanIsOnTheParentsSegment) {
  Do({"network", "create", "-d", "macvlan", "--parent", "up0", "--subnet", "192.0.2.0/24",
      "--subnet", "2001:db8:1::/64", "--gateway", "192.0.2.254", "segment"});
  Sleep("m", {"--network", "segment", "--ip", "192.0.2.77", "--ip6", "2001:db8:1::77"});
  const Fd m = NetnsOf("m");
  EXPECT_EQ(Seen(m), "192.0.2.77") << "with its own address, by the segment's router";
  const Fd server = Serve(m, 80), server6 = Serve(m, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(router_, "192.0.2.77", 80, server), "192.0.2.254");
  EXPECT_EQ(Talk(client_, "192.0.2.77", 80, server), kClient);
  EXPECT_EQ(Talk(router_, "2001:db8:1::77", 80, server6), "2001:db8:1::fe");
  EXPECT_EQ(Ruleset(), rules_) << "no rules are needed";
  Fails({"run", "--rm", "--network", "segment", "-p", "8080:80", "busybox", "true"}, 125,
        "ports can be published only from a network with a bridge");
  Remove("m");
  Do({"network", "rm", "segment"});
  ExpectClean("a macvlan network");
}

TEST_F(NetworkReachTest, IpvlanSaysThatTheKernelHasNone) {
  const Outcome made =
      world_->Pelagos({"network", "create", "-d", "ipvlan", "--parent", "up0", "--subnet",
                       "192.0.2.0/24", "--gateway", "192.0.2.254", "flat"});
  ASSERT_EQ(made.code, 0) << made.Describe();
  const Outcome run = world_->Pelagos({"run", "--rm", "--network", "flat", "--ip", "192.0.2.78",
                                       "busybox", "ls", "/sys/class/net"});
  if (run.code == 0) {
    EXPECT_EQ(run.out, "eth0\nlo\n");
  } else {
    EXPECT_EQ(run.code, 125);
    EXPECT_THAT(run.err, HasSubstr("this kernel has no ipvlan"));
  }
  Do({"network", "rm", "flat"});
  ExpectClean("an ipvlan network");
}

TEST_F(NetworkReachTest, TheHostsOwn) {
  Sleep("h", {"--network", "host"});
  const Fd inside = NetnsOf("h");
  EXPECT_EQ(Seen(inside), kHost);
  EXPECT_EQ(Seen6(inside), kHost6);
  EXPECT_EQ(Talk(client_, kHost, 85, Serve(inside, 85)), kClient);
  EXPECT_THAT(Exec("h", "ls /sys/class/net"), HasSubstr("up0"));
  EXPECT_EQ(Ruleset(), rules_);
  Remove("h");
  ExpectClean("a container on the host's network");
}

TEST_F(NetworkReachTest, ThatOfAnotherContainer) {
  Sleep("first", {"-p", "0.0.0.0:8080:80"});
  Sleep("second", {"--network", "container:first"});
  const Fd second = NetnsOf("second");
  EXPECT_EQ(AddressOf("second"), AddressOf("first"));
  EXPECT_EQ(Seen(second), kHost);
  EXPECT_EQ(Talk(client_, kHost, 8080, Serve(second, 80)), kClient);
  EXPECT_EQ(Exec("second", "cat /etc/resolv.conf"), Exec("first", "cat /etc/resolv.conf"));
  Fails({"run", "--rm", "--network", "container:first", "-p", "81:81", "busybox", "true"}, 125,
        "ports can be published only from a network");
  Fails({"network", "connect", "bridge", "second"}, 1, "joins no networks");
  Remove("second");
  EXPECT_EQ(Seen(NetnsOf("first")), kHost) << "who stays keeps it";
  Remove("first");
  ExpectClean("two containers that share a network");
}

TEST_F(NetworkReachTest, PastaIsTheHostToTheOutside) {
  Sleep("p", {"--network", "pasta", "-p", "0.0.0.0:8080:80", "-p", "0.0.0.0:8053:53/udp"});
  const Fd inside = NetnsOf("p");
  EXPECT_EQ(Talk(inside, kClient, 7000, outside_), kHost);
  EXPECT_EQ(Talk(inside, kClient, 7000, outside_udp_), kHost);
  EXPECT_EQ(Talk(client_, kHost, 8080, Serve(inside, 80)), kClient);
  EXPECT_EQ(Talk(client_, kHost, 8053, Serve(inside, 53, SOCK_DGRAM)), kClient);
  EXPECT_EQ(Ruleset(), rules_) << "no rules";
  Fails({"run", "--rm", "-p", "0.0.0.0:8080:80", "busybox", "true"}, 125,
        "port 0.0.0.0:8080/tcp is published by container 'p'");
  Do({"restart", "-t", "0", "p"});
  const Fd again = NetnsOf("p");
  EXPECT_EQ(Talk(client_, kHost, 8080, Serve(again, 80)), kClient) << "the port was free again";
  Remove("p");
  ExpectClean("a container with pasta");
}

}  // namespace
}  // namespace pelagos::rooted
