// What the table does with IPv6, and with closed networks in both families: the elements are added
// here as they are, without records.

#include "pelagos/base/errno_status.h"
#include "pelagos/net/names.h"
#include "pelagos/net/ruleset.h"
#include "tests/rooted/net_test/world.h"

namespace pelagos::net {
namespace {

constexpr char kHost[] = "2001:db8:1::1";
constexpr char kOutside[] = "2001:db8:1::2";

class Ipv6Test : public World {
 protected:
  void SetUp() override {
    World::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_EQ(Address(host_, "up0", kHost, ""), "");
    ASSERT_EQ(Address(outside_, "eth0", kOutside, kHost), "");
    ASSERT_EQ(sys::WriteKernelFile("/proc/sys/net/ipv6/conf/all/forwarding", "1"),
              absl::OkStatus());
  }

  template <typename Fill>
  void Change(Fill fill) {
    sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_NETFILTER).value();
    sys::NftTransaction change(kTableFamily, TableName(folder_ + "/run"));
    fill(change);
    ASSERT_EQ(change.Commit(socket), absl::OkStatus());
  }
  void Add(const Rules& rules) {
    Change([&](sys::NftTransaction& change) { AddElements(change, rules); });
  }
  void Delete(const Rules& rules) {
    Change([&](sys::NftTransaction& change) { DeleteElements(change, rules); });
  }

  // A network whose bridge has the address PREFIX1.
  std::string Network(const std::string& name, const std::string& prefix) {
    NetworkPlan plan = {name, "test", ""};
    plan.ipv6 = false;  // its addresses are of this test's choice
    absl::StatusOr<NetworkRecord> record = Open().Ensure(plan);
    EXPECT_TRUE(record.ok()) << record.status();
    if (!record.ok()) return "";
    EXPECT_EQ(Address(host_, record->bridge, prefix + "1", ""), "");
    return record->bridge;
  }
  Container Start6(const std::string& id, const std::string& network, const std::string& prefix,
                   const std::string& last) {
    Container container = Start(id, {network});
    EXPECT_EQ(Address(container.netns, "eth0", prefix + last, prefix + "1"), "");
    return container;
  }
  static Rules Publish(const std::string& at, uint16_t port, const std::string& target,
                       Protocol protocol = Protocol::kTcp) {
    return {{}, {{"a", protocol, Ip6(at), port, Ip6(target), 80}}};
  }
};

TEST_F(Ipv6Test, ANetworkTalksAndOthersAreOut) {
  Network("shop-net", "fd00:a::");
  Network("shop-other", "fd00:b::");
  const Container a = Start6("a", "shop-net", "fd00:a::", "2");
  const Container b = Start6("b", "shop-net", "fd00:a::", "3");
  const Container c = Start6("c", "shop-other", "fd00:b::", "2");
  const Fd server = Serve(b.netns, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(a.netns, "fd00:a::3", 80, server), "fd00:a::2");
  EXPECT_EQ(Talk(host_, "fd00:a::3", 80, server), "fd00:a::1");
  EXPECT_EQ(Talk(c.netns, "fd00:a::3", 80, server, kUnwanted), "silence");
  EXPECT_EQ(Talk(outside_, "fd00:a::3", 80, server, kUnwanted), "silence");
}

TEST_F(Ipv6Test, PortsOfAllAddresses) {
  Network("shop-net", "fd00:a::");
  Network("shop-other", "fd00:b::");
  const Container a = Start6("a", "shop-net", "fd00:a::", "2");
  const Container b = Start6("b", "shop-net", "fd00:a::", "3");
  const Container c = Start6("c", "shop-other", "fd00:b::", "2");
  const Fd server = Serve(a.netns, 80, SOCK_STREAM, "::");
  const Fd udp = Serve(a.netns, 80, SOCK_DGRAM, "::");
  const std::string before = Snapshot();
  Add(Publish("::", 8080, "fd00:a::2"));
  Add(Publish("::", 8080, "fd00:a::2", Protocol::kUdp));
  EXPECT_EQ(Talk(outside_, kHost, 8080, server), kOutside);  // the source is kept
  EXPECT_EQ(Talk(outside_, kHost, 8080, udp), kOutside);
  EXPECT_EQ(Talk(host_, kHost, 8080, server), kHost);
  EXPECT_EQ(Talk(b.netns, kHost, 8080, server), "fd00:a::1");  // hairpin
  EXPECT_EQ(Talk(a.netns, kHost, 8080, server), "fd00:a::1");  // to itself
  EXPECT_EQ(Talk(c.netns, kHost, 8080, server), "fd00:b::2");
  EXPECT_EQ(Talk(c.netns, "fd00:b::1", 8080, server), "fd00:b::2");
  // ::1 is left to whoever listens there.
  EXPECT_EQ(Talk(host_, "::1", 8080, server), "Connection refused");
  Delete(Publish("::", 8080, "fd00:a::2"));
  Delete(Publish("::", 8080, "fd00:a::2", Protocol::kUdp));
  EXPECT_EQ(Talk(outside_, kHost, 8080, server), "Connection refused");
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(Ipv6Test, ANetworkReachesItselfWithAndWithoutBridgeNetfilter) {
  Network("shop-net", "fd00:a::");
  const Container a = Start6("a", "shop-net", "fd00:a::", "2");
  const Container b = Start6("b", "shop-net", "fd00:a::", "3");
  const Fd server = Serve(a.netns, 80, SOCK_STREAM, "::");
  Add(Publish("::", 8080, "fd00:a::2"));
  for (const char* bridge_netfilter : {"0", "1"}) {
    const absl::Status set =
        sys::WriteKernelFile("/proc/sys/net/bridge/bridge-nf-call-ip6tables", bridge_netfilter);
    // A kernel without br_netfilter hands nothing over, as with 0.
    EXPECT_TRUE(set.ok() || FindErrno(set) == ENOENT) << set;
    EXPECT_EQ(Talk(b.netns, kHost, 8080, server), "fd00:a::1") << bridge_netfilter;
    EXPECT_EQ(Talk(a.netns, kHost, 8080, server), "fd00:a::1") << bridge_netfilter;
    EXPECT_EQ(Talk(b.netns, "fd00:a::2", 80, server), "fd00:a::3") << bridge_netfilter;
  }
}

TEST_F(Ipv6Test, PortOfOneAddress) {
  Network("shop-net", "fd00:a::");
  const Container a = Start6("a", "shop-net", "fd00:a::", "2");
  const Fd server = Serve(a.netns, 80, SOCK_STREAM, "::");
  Add(Publish(kHost, 8080, "fd00:a::2"));
  EXPECT_EQ(Talk(outside_, kHost, 8080, server), kOutside);
  EXPECT_EQ(Talk(host_, kHost, 8080, server), kHost);
  EXPECT_EQ(Talk(a.netns, "fd00:a::1", 8080, server), "Connection refused");
}

TEST_F(Ipv6Test, UniqueLocalAddressesLeaveOnlyByNat66) {
  const std::string bridge = Network("shop-net", "fd00:a::");
  const Container a = Start6("a", "shop-net", "fd00:a::", "2");
  const Fd server = Serve(outside_, 80, SOCK_STREAM, "::");
  const Fd udp = Serve(outside_, 80, SOCK_DGRAM, "::");
  for (const char* forwarding : {"0", "1"}) {
    ASSERT_EQ(sys::WriteKernelFile("/proc/sys/net/ipv6/conf/all/forwarding", forwarding),
              absl::OkStatus());
    EXPECT_EQ(Talk(a.netns, kOutside, 80, server), "Network is unreachable") << forwarding;
    // The host's own addresses are near enough.
    const Fd near = Serve(host_, 82, SOCK_STREAM, "::");
    EXPECT_EQ(Talk(a.netns, kHost, 82, near), "fd00:a::2") << forwarding;
  }
  Add({{{bridge, "shop-net", false, true}}, {}});
  EXPECT_EQ(Talk(a.netns, kOutside, 80, server), kHost);
  EXPECT_EQ(Talk(a.netns, kOutside, 80, udp), kHost);
}

TEST_F(Ipv6Test, GlobalAddressesLeaveAsTheyAre) {
  Network("shop-net", "2001:db8:a::");
  const Container a = Start6("a", "shop-net", "2001:db8:a::", "2");
  const Fd server = Serve(outside_, 80, SOCK_STREAM, "::"),
           inside = Serve(a.netns, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(a.netns, kOutside, 80, server), "2001:db8:a::2");
  EXPECT_EQ(Talk(outside_, "2001:db8:a::2", 80, inside, kUnwanted), "silence");
}

TEST_F(Ipv6Test, AClosedNetworkHasItselfAndTheNameServer) {
  const std::string bridge = Network("shop-net", "fd00:a::");
  Network("shop-other", "fd00:b::");
  Add({{{bridge, "shop-net", true}}, {}});
  const Container a = Start6("a", "shop-net", "fd00:a::", "2");
  const Container b = Start6("b", "shop-net", "fd00:a::", "3");
  const Container c = Start6("c", "shop-other", "fd00:b::", "2");
  const Fd inside = Serve(b.netns, 80), inside6 = Serve(b.netns, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(a.netns, b.address(), 80, inside), a.address());
  EXPECT_EQ(Talk(a.netns, "fd00:a::3", 80, inside6), "fd00:a::2");
  EXPECT_EQ(Talk(host_, b.address(), 80, inside), b.gateway());
  EXPECT_EQ(Talk(host_, "fd00:a::3", 80, inside6), "fd00:a::1");

  // Published ports do not open it.
  Add({{}, {{"b", Protocol::kTcp, sys::Ipv4(), 8080, Ip(b.address()), 80}}});
  Add({{}, {{"b", Protocol::kTcp, sys::Ipv6(), 8080, Ip6("fd00:a::3"), 80}}});
  EXPECT_EQ(Talk(outside_, "192.0.2.1", 8080, inside, kUnwanted), "silence");
  EXPECT_EQ(Talk(outside_, kHost, 8080, inside6, kUnwanted), "silence");
  EXPECT_EQ(Talk(c.netns, "192.0.2.1", 8080, inside, kUnwanted), "silence");

  const Fd far = Serve(outside_, 80), far6 = Serve(outside_, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(a.netns, "192.0.2.2", 80, far, kUnwanted), "silence");
  EXPECT_EQ(Talk(a.netns, kOutside, 80, far6, kUnwanted), "silence");
  const Fd near = Serve(host_, 81), near6 = Serve(host_, 81, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(a.netns, a.gateway(), 81, near, kUnwanted), "silence");
  EXPECT_EQ(Talk(a.netns, "fd00:a::1", 81, near6, kUnwanted), "silence");
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "b"), b.address());
  // A name server on another address of the host is none of its.
  const Fd dns6 = Serve(host_, 53, SOCK_DGRAM, "::");
  EXPECT_EQ(Talk(a.netns, "fd00:a::1", 53, dns6), "fd00:a::2");
  EXPECT_EQ(Talk(a.netns, "fd00:b::1", 53, dns6, kUnwanted), "nothing arrived");
}

}  // namespace
}  // namespace pelagos::net
