// Who reaches whom: within a network, between networks, through published ports, from outside.

#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>

#include "pelagos/base/errno_status.h"
#include "pelagos/net/names.h"
#include "tests/rooted/net_test/world.h"

namespace pelagos::net {
namespace {

class ReachTest : public World {};

TEST_F(ReachTest, ContainersOfOneNetworkTalk) {
  Ensure("shop-net");
  const Container a = Start("a", {"shop-net"}), b = Start("b", {"shop-net"});
  EXPECT_EQ(a.address(), "10.99.0.2");
  EXPECT_EQ(b.address(), "10.99.0.3");
  EXPECT_EQ(a.gateway(), "10.99.0.1");
  const Fd server = Serve(b.netns, 80);
  EXPECT_EQ(Talk(a.netns, b.address(), 80, server), a.address());
  EXPECT_EQ(Talk(host_, b.address(), 80, server), "10.99.0.1");
  EXPECT_EQ(Talk(b.netns, "127.0.0.1", 80, server), "127.0.0.1");
}

TEST_F(ReachTest, OutsideIsReachedUnderTheHostsAddress) {
  Ensure("shop-net");
  const Container a = Start("a", {"shop-net"});
  const Fd server = Serve(outside_, 80);
  EXPECT_EQ(Talk(a.netns, "192.0.2.2", 80, server), "192.0.2.1");
  const Fd udp = Serve(outside_, 80, SOCK_DGRAM);
  EXPECT_EQ(Talk(a.netns, "192.0.2.2", 80, udp), "192.0.2.1");
}

TEST_F(ReachTest, LoopbackPortIsForTheHostOnly) {
  Ensure("shop-net");
  const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80)}), b = Start("b", {"shop-net"});
  const Fd server = Serve(a.netns, 80);
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, server), "10.99.0.1");
  EXPECT_EQ(Talk(host_, "192.0.2.1", 8080, server), "Connection refused");
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 8080, server), "Connection refused");
  EXPECT_EQ(Talk(b.netns, b.gateway(), 8080, server), "Connection refused");
}

TEST_F(ReachTest, PortOfAllAddressesIsReachedFromEverywhere) {
  Ensure("shop-net");
  Ensure("shop-other");
  const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80, "0.0.0.0")});
  const Container b = Start("b", {"shop-net"}), c = Start("c", {"shop-other"});
  const Fd server = Serve(a.netns, 80);
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 8080, server), "192.0.2.2");  // the source is kept
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, server), "10.99.0.1");
  EXPECT_EQ(Talk(host_, "192.0.2.1", 8080, server), "192.0.2.1");
  EXPECT_EQ(Talk(b.netns, "192.0.2.1", 8080, server), "10.99.0.1");  // hairpin
  EXPECT_EQ(Talk(a.netns, "192.0.2.1", 8080, server), "10.99.0.1");  // to itself
  EXPECT_EQ(Talk(c.netns, "192.0.2.1", 8080, server), c.address());
  EXPECT_EQ(Talk(c.netns, c.gateway(), 8080, server), c.address());
}

// The bridge hands its packets to the host's rules or not: both have to work.
TEST_F(ReachTest, ANetworkReachesItselfWithoutBridgeNetfilter) {
  for (const char* bridge_netfilter : {"0", "1"}) {
    const absl::Status set =
        sys::WriteKernelFile("/proc/sys/net/bridge/bridge-nf-call-iptables", bridge_netfilter);
    // A kernel without br_netfilter hands nothing over, as with 0.
    EXPECT_TRUE(set.ok() || FindErrno(set) == ENOENT) << set;
    Ensure("shop-net");
    const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80, "0.0.0.0")});
    const Container b = Start("b", {"shop-net"});
    const Fd server = Serve(a.netns, 80);
    EXPECT_EQ(Talk(b.netns, "192.0.2.1", 8080, server), "10.99.0.1");
    EXPECT_EQ(Talk(a.netns, "192.0.2.1", 8080, server), "10.99.0.1");
    EXPECT_EQ(Talk(b.netns, a.address(), 80, server), b.address());
    CleanUp(folder_ + "/run");
  }
}

TEST_F(ReachTest, PortOfOneAddress) {
  Ensure("shop-net");
  const Container a = Start("a", {"shop-net"}, {Tcp(8080, 80, "192.0.2.1")});
  const Fd server = Serve(a.netns, 80);
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 8080, server), "192.0.2.2");
  EXPECT_EQ(Talk(host_, "192.0.2.1", 8080, server), "192.0.2.1");
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, server), "Connection refused");
}

TEST_F(ReachTest, UdpPorts) {
  Ensure("shop-net");
  const std::vector<PortMapping> ports = {{"127.0.0.1", 5300, 53, Protocol::kUdp},
                                          {"0.0.0.0", 5400, 54, Protocol::kUdp}};
  const Container a = Start("a", {"shop-net"}, ports);
  const Fd local = Serve(a.netns, 53, SOCK_DGRAM), all = Serve(a.netns, 54, SOCK_DGRAM);
  EXPECT_EQ(Talk(host_, "127.0.0.1", 5300, local), "10.99.0.1");
  EXPECT_EQ(Talk(host_, "127.0.0.1", 5400, all), "10.99.0.1");
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 5400, all), "192.0.2.2");
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 5300, local, kUnwanted), "nothing arrived");
}

TEST_F(ReachTest, NetworksAreIsolated) {
  Ensure("shop-net");
  Ensure("shop-other");
  const Container a = Start("a", {"shop-net"}), b = Start("b", {"shop-other"});
  const Fd server = Serve(b.netns, 80);
  EXPECT_EQ(Talk(a.netns, b.address(), 80, server, kUnwanted), "silence");
  // Somebody outside who routes to the containers' addresses through this host.
  EXPECT_EQ(Talk(outside_, b.address(), 80, server, kUnwanted), "silence");
  EXPECT_EQ(Talk(host_, b.address(), 80, server), "10.99.1.1");
}

// Sends a UDP packet as no kernel would: from the container's interface to an address of 127/8.
void SendForged(const Fd& netns, sys::Ipv4 from, sys::Ipv4 to, uint16_t port, sys::Ipv4 gateway) {
  struct __attribute__((packed)) {
    ether_header ethernet;
    iphdr ip;
    udphdr udp;
  } packet = {};
  std::memcpy(packet.ethernet.ether_dhost, sys::MacOf(gateway).data(), 6);
  std::memcpy(packet.ethernet.ether_shost, sys::MacOf(from).data(), 6);
  packet.ethernet.ether_type = htons(ETHERTYPE_IP);
  packet.ip.version = 4;
  packet.ip.ihl = 5;
  packet.ip.tot_len = htons(sizeof(packet.ip) + sizeof(packet.udp));
  packet.ip.ttl = 64;
  packet.ip.protocol = IPPROTO_UDP;
  packet.ip.saddr = htonl(from.bits);
  packet.ip.daddr = htonl(to.bits);
  uint16_t words[10];
  std::memcpy(words, &packet.ip, sizeof(words));
  uint32_t sum = 0;
  for (uint16_t word : words) sum += word;
  packet.ip.check = static_cast<uint16_t>(~((sum & 0xffff) + (sum >> 16)));
  packet.udp.uh_sport = htons(port);
  packet.udp.uh_dport = htons(port);
  packet.udp.uh_ulen = htons(sizeof(packet.udp));
  const Fd fd = In(netns, [] { return Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)); });
  sockaddr_ll at{};
  at.sll_family = AF_PACKET;
  at.sll_ifindex = In(netns, [] { return static_cast<int>(::if_nametoindex("eth0")); });
  ASSERT_EQ(
      ::sendto(fd.get(), &packet, sizeof(packet), 0, reinterpret_cast<sockaddr*>(&at), sizeof(at)),
      static_cast<ssize_t>(sizeof(packet)));
}

TEST_F(ReachTest, TheHostsLoopbackIsClosedToContainers) {
  Ensure("shop-net");
  const Container a = Start("a", {"shop-net"});
  const Fd server = Serve(host_, 9999, SOCK_DGRAM, "127.0.0.1");
  const auto send = [&] {
    SendForged(a.netns, Ip(a.address()), Ip("127.0.0.1"), 9999, Ip(a.gateway()));
  };
  send();
  EXPECT_FALSE(Wait(server, POLLIN, kUnwanted));
  // It is the guard that does it: route_localnet alone would let it in.
  Output("/usr/sbin/nft", {"nft", "flush", "chain", "inet", TableName(folder_ + "/run"), "guard"});
  send();
  EXPECT_TRUE(Wait(server, POLLIN, kSoon));
}

TEST_F(ReachTest, AContainerInTwoNetworks) {
  Ensure("shop-front");
  Ensure("shop-back");
  const Container web = Start("web", {"shop-front"});
  const Container app = Start("app", {"shop-front", "shop-back"}, {Tcp(8080, 80)});
  const Container db = Start("db", {"shop-back"});
  const Fd db_server = Serve(db.netns, 5432), app_server = Serve(app.netns, 80);
  EXPECT_EQ(Talk(app.netns, db.address(), 5432, db_server), app.address(1));
  EXPECT_EQ(Talk(web.netns, app.address(), 80, app_server), web.address());
  EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, app_server), "10.99.0.1");
  EXPECT_EQ(Talk(web.netns, db.address(), 5432, db_server, kUnwanted), "silence");
}

TEST_F(ReachTest, NoNetworkIsLoopbackOnly) {
  const Fd netns = NewNetns();
  absl::StatusOr<Endpoint> endpoint = Open().Attach("a", {NetMode::kNone, {}, {}}, netns);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_TRUE(endpoint->interfaces.empty());
  const Fd server = Serve(netns, 80);
  EXPECT_EQ(Talk(netns, "127.0.0.1", 80, server), "127.0.0.1");
  EXPECT_EQ(Talk(netns, "192.0.2.1", 80, server), "Network is unreachable");
  EXPECT_EQ(Snapshot(), before_);
}

}  // namespace
}  // namespace pelagos::net
