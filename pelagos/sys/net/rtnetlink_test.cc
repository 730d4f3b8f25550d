#include "pelagos/sys/net/rtnetlink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "pelagos/base/errno_status.h"

namespace pelagos::sys {
namespace {

Fd CurrentNetns() { return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }

class RtnetlinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "unshare: " << std::strerror(errno);
    other_ = CurrentNetns();
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    here_ = CurrentNetns();
    ASSERT_TRUE(here_.valid() && other_.valid());
  }
  template <typename Fill>
  absl::Status Do(Fill fill, const Fd& netns) {
    MessageBatch batch;
    fill(batch);
    return NetlinkSocket::OpenIn(NETLINK_ROUTE, netns).value().Execute(batch);
  }
  std::optional<Link> Find(const std::string& name, const Fd& netns) {
    NetlinkSocket socket = NetlinkSocket::OpenIn(NETLINK_ROUTE, netns).value();
    return FindLink(socket, name).value();
  }

  Fd here_, other_;
};

TEST_F(RtnetlinkTest, BridgeAndVethAcrossNamespaces) {
  const Ipv4 gateway{0x0a630001}, address{0x0a630002};
  ASSERT_EQ(Do(
                [&](MessageBatch& batch) {
                  AddBridge(batch, "pg-0", MacOf(gateway));
                  SetAlias(batch, "pg-0", "a network");
                },
                here_),
            absl::OkStatus());
  const std::optional<Link> bridge = Find("pg-0", here_);
  ASSERT_TRUE(bridge.has_value());
  EXPECT_EQ(bridge->kind, "bridge");
  EXPECT_EQ(bridge->alias, "a network");
  EXPECT_FALSE(bridge->up);

  ASSERT_EQ(
      Do(
          [&](MessageBatch& batch) {
            AddAddress(batch, bridge->index, gateway, 24);
            sys::SetUp(batch, bridge->index, "pg-0");
            AddVeth(batch, {"pv-0", "a container", bridge->index, "eth0", MacOf(address)}, other_);
          },
          here_),
      absl::OkStatus());
  EXPECT_TRUE(Find("pg-0", here_)->up);
  const std::optional<Link> veth = Find("pv-0", here_);
  ASSERT_TRUE(veth.has_value());
  EXPECT_EQ(veth->master, bridge->index);
  EXPECT_EQ(veth->alias, "a container");
  EXPECT_TRUE(veth->up);
  EXPECT_FALSE(Find("eth0", here_).has_value());
  const std::optional<Link> inside = Find("eth0", other_);
  ASSERT_TRUE(inside.has_value());
  EXPECT_EQ(inside->kind, "veth");

  EXPECT_EQ(Do(
                [&](MessageBatch& batch) {
                  sys::SetUp(batch, inside->index, "eth0");
                  AddAddress(batch, inside->index, address, 24);
                  AddDefaultRoute(batch, inside->index, gateway);
                },
                other_),
            absl::OkStatus());
  NetlinkSocket socket = NetlinkSocket::OpenIn(NETLINK_ROUTE, other_).value();
  const std::vector<Route> routes = ListRoutes(socket).value();
  const auto has = [&](absl::string_view subnet) {
    return std::any_of(routes.begin(), routes.end(), [&](const Route& route) {
      return ToString(route.destination) == subnet && route.interface == inside->index;
    });
  };
  EXPECT_TRUE(has("0.0.0.0/0"));
  EXPECT_TRUE(has("10.99.0.0/24"));

  EXPECT_EQ(Do([](MessageBatch& batch) { DeleteLink(batch, "pv-0"); }, here_), absl::OkStatus());
  EXPECT_FALSE(Find("eth0", other_).has_value());
}

TEST_F(RtnetlinkTest, ErrorsSayWhatWasTried) {
  const auto bridge = [](MessageBatch& batch) { AddBridge(batch, "pg-0", MacOf({1})); };
  ASSERT_EQ(Do(bridge, here_), absl::OkStatus());
  const absl::Status twice = Do(bridge, here_);
  EXPECT_EQ(FindErrno(twice), EEXIST);
  EXPECT_EQ(twice.message().find("creating bridge 'pg-0': File exists"), 0u) << twice;
  const absl::Status missing = Do([](MessageBatch& batch) { DeleteLink(batch, "no"); }, here_);
  EXPECT_EQ(FindErrno(missing), ENODEV);
  // The kernel's own words.
  const absl::Status route =
      Do([&](MessageBatch& batch) { AddDefaultRoute(batch, Find("pg-0", here_)->index, Ipv4{77}); },
         here_);
  EXPECT_NE(route.message().find("("), std::string::npos) << route;
}

Ipv6 Ip6(absl::string_view text) { return ParseIpv6(text).value(); }

TEST_F(RtnetlinkTest, Ipv6AddressesRoutesAndNeighbours) {
  const Ipv6 gateway = Ip6("fd00:1::1"), address = Ip6("fd00:1::2");
  const MacAddress mac = ParseMac("02-42-AC-11-00-02").value();
  ASSERT_EQ(Do(
                [&](MessageBatch& batch) {
                  AddBridge(batch, "pg-0", MacOf({1}), 1400);
                  AddVeth(batch, {"pv-0", "", 0, "eth0", mac, 1400}, other_);
                },
                here_),
            absl::OkStatus());
  EXPECT_EQ(Find("pg-0", here_)->mtu, 1400u);
  EXPECT_EQ(Find("pg-0", here_)->mac, MacOf({1}));
  EXPECT_EQ(Find("pv-0", here_)->mtu, 1400u);
  const Link inside = Find("eth0", other_).value();
  EXPECT_EQ(inside.mtu, 1400u);
  EXPECT_EQ(MacText(inside.mac), "02:42:ac:11:00:02");

  EXPECT_EQ(Do(
                [&](MessageBatch& batch) {
                  sys::SetUp(batch, inside.index, "eth0");
                  AddAddress(batch, inside.index, address, 64);
                  AddAddress(batch, inside.index, Ipv4{0x0a630002}, 24);
                  AddDefaultRoute(batch, inside.index, gateway);
                  AddNeighbour(batch, inside.index, gateway, MacOf({1}));
                  AddNeighbour(batch, inside.index, Ipv4{0x0a630001}, MacOf({1}));
                },
                other_),
            absl::OkStatus());
  NetlinkSocket socket = NetlinkSocket::OpenIn(NETLINK_ROUTE, other_).value();
  const std::vector<Route6> routes = ListRoutes6(socket).value();
  const auto has = [&](absl::string_view subnet) {
    return std::any_of(routes.begin(), routes.end(), [&](const Route6& route) {
      return ToString(route.destination) == subnet && route.interface == inside.index;
    });
  };
  EXPECT_TRUE(has("::/0"));
  EXPECT_TRUE(has("fd00:1::/64"));
  EXPECT_FALSE(has("ff00::/8"));

  const auto addresses = [&](int index) {
    std::string text;
    const std::vector<LinkAddress> all = ListAddresses(socket, index).value();
    for (const LinkAddress& found : all) {
      EXPECT_TRUE(index == 0 || found.interface == index);
      const std::string one =
          std::visit([](const auto& ip) { return ToString(ip); }, found.address);
      if (one.find("fe80") != 0) text += one + "/" + std::to_string(found.prefix) + " ";
    }
    return text;
  };
  EXPECT_EQ(addresses(inside.index), "10.99.0.2/24 fd00:1::2/64 ");
  EXPECT_EQ(addresses(0), "10.99.0.2/24 fd00:1::2/64 ");  // the loopback interface is down
  EXPECT_EQ(addresses(inside.index + 1), "");

  // Its address can be used at once, and the neighbour is known without a word on the wire.
  ASSERT_EQ(::setns(other_.get(), CLONE_NEWNET), 0);
  const Fd udp(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::setns(here_.get(), CLONE_NEWNET), 0);
  sockaddr_in6 at{};
  at.sin6_family = AF_INET6;
  std::memcpy(&at.sin6_addr, address.bytes.data(), 16);
  EXPECT_EQ(::bind(udp.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0)
      << std::strerror(errno);

  const auto remove = [&](MessageBatch& batch) {
    DeleteAddress(batch, inside.index, address, 64);
    DeleteAddress(batch, inside.index, Ipv4{0x0a630002}, 24);
  };
  EXPECT_EQ(Do(remove, other_), absl::OkStatus());
  EXPECT_EQ(addresses(inside.index), "");
  EXPECT_EQ(FindErrno(Do(remove, other_)), EADDRNOTAVAIL);
}

TEST_F(RtnetlinkTest, InterfacesOnTopOfOthers) {
  // The host has an eth0 too.
  ASSERT_EQ(Do(
                [&](MessageBatch& batch) {
                  AddVeth(batch, {"parent", "", 0, "wire", MacOf({7}), 1450}, other_);
                  AddBridge(batch, "eth0", MacOf({8}));
                },
                here_),
            absl::OkStatus());
  const int parent = Find("parent", here_)->index;
  NetlinkSocket host = NetlinkSocket::OpenIn(NETLINK_ROUTE, here_).value();
  NetlinkSocket inside = NetlinkSocket::OpenIn(NETLINK_ROUTE, other_).value();
  const auto made = [&](absl::StatusOr<int> index, const std::string& kind) {
    if (absl::IsUnimplemented(index.status())) {
      EXPECT_EQ(index.status().message().find("this kernel has no " + kind + " (module " + kind),
                0u)
          << index.status();
      return std::optional<Link>();
    }
    EXPECT_TRUE(index.ok()) << index.status();
    return Find("eth0", other_);
  };
  const MacAddress mac = MacOf({77});
  const std::optional<Link> macvlan =
      made(AddMacvlan(host, inside, other_, {parent, "eth0", "", mac, 1300}), "macvlan");
  if (macvlan) {
    EXPECT_EQ(macvlan->kind, "macvlan");
    EXPECT_EQ(macvlan->mac, mac);
    EXPECT_EQ(macvlan->mtu, 1300u);
    EXPECT_FALSE(macvlan->up);
    // What cannot get its name does not stay.
    const absl::StatusOr<int> taken =
        AddMacvlan(host, inside, other_, {parent, "eth0", "vepa", "", 0});
    EXPECT_EQ(FindErrno(taken.status()), EEXIST) << taken.status();
    EXPECT_EQ(ListLinks(inside).value().size(), 3u);  // lo, wire, eth0
    ASSERT_EQ(Do([](MessageBatch& batch) { DeleteLink(batch, "eth0"); }, other_), absl::OkStatus());
  }
  const std::optional<Link> ipvlan =
      made(AddIpvlan(host, inside, other_, {parent, "eth0", "l3", "", 0}), "ipvlan");
  if (ipvlan) {
    EXPECT_EQ(ipvlan->kind, "ipvlan");
    EXPECT_EQ(ipvlan->mac, Find("parent", here_)->mac);
  }
  EXPECT_EQ(AddMacvlan(host, inside, other_, {parent, "x", "l2", "", 0}).status().message(),
            "'l2' is no mode of macvlan: expected one of bridge, private, vepa, passthru");
  EXPECT_TRUE(
      absl::IsInvalidArgument(AddIpvlan(host, inside, other_, {parent, "x", "", mac, 0}).status()));
}

TEST(MacTest, TextsThatAreReadAndRefused) {
  EXPECT_EQ(MacText(ParseMac("02:50:0a:63:00:02").value()), "02:50:0a:63:00:02");
  for (const char* bad : {"", "02:50:0a:63:00", "02:50:0a:63:00:0g", "02:50-0a:63:00:02",
                          "0250:0a:63:00:021", "03:50:0a:63:00:02", "00:00:00:00:00:00"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseMac(bad).status())) << bad;
  }
}

TEST_F(RtnetlinkTest, TheThreadComesBack) {
  const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(NetlinkSocket::OpenIn(NETLINK_ROUTE, file).ok());
  ASSERT_TRUE(NetlinkSocket::OpenIn(NETLINK_ROUTE, other_).ok());
  struct stat before = {}, after = {};
  ASSERT_EQ(::fstat(here_.get(), &before), 0);
  ASSERT_EQ(::stat("/proc/thread-self/ns/net", &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

}  // namespace
}  // namespace pelagos::sys
