// The sysctls of IPv6 that have to change on the host, and how they come back.

#include <gmock/gmock.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/icmp6.h>

#include "absl/strings/ascii.h"
#include "pelagos/net/host.h"
#include "pelagos/net/names.h"
#include "tests/rooted/net_test/world.h"

namespace pelagos::net {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::string Conf(const std::string& file) {
  const absl::StatusOr<std::string> text = sys::ReadFile("/proc/sys/net/ipv6/conf/" + file, 64);
  return text.ok() ? std::string(absl::StripAsciiWhitespace(*text)) : text.status().ToString();
}

void SetConf(const std::string& file, const std::string& value) {
  ASSERT_EQ(sys::WriteKernelFile("/proc/sys/net/ipv6/conf/" + file, value), absl::OkStatus());
}

class ForwardingTest : public World {
 protected:
  // One run root's use of forwarding.
  struct User {
    Host host;
    HostRecord record;
    std::string bridge;
  };
  User Use(const std::string& root) {
    absl::StatusOr<NetworkRecord> network = Open(root).Ensure({"shop-net", "test", ""});
    EXPECT_TRUE(network.ok()) << network.status();
    User user{Host::Open(folder_ + root).value(), {}, network->bridge};
    Again(user);
    return user;
  }
  void Again(User& user) {
    absl::StatusOr<HostRecord> record = user.host.ReadForwarding6(user.record);
    ASSERT_TRUE(record.ok()) << record.status();
    user.record = *record;
    EXPECT_EQ(user.host.Forward6(user.record), absl::OkStatus());
  }
  void Leave(const std::string& root, User& user) {
    EXPECT_EQ(Open(root).Remove("shop-net"), absl::OkStatus());
    EXPECT_EQ(user.host.RestoreForwarding({{}, user.record.ipv6_conf}), absl::OkStatus());
  }
  static void AddInterface(const std::string& name) {
    sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
    sys::MessageBatch batch;
    sys::AddBridge(batch, name, sys::MacOf(Ip("198.51.100.1")));
    ASSERT_EQ(socket.Execute(batch), absl::OkStatus());
  }
};

TEST_F(ForwardingTest, ComesAndGoes) {
  AddInterface("router0");
  SetConf("router0/forwarding", "1");
  AddInterface("off0");
  SetConf("off0/accept_ra", "0");
  ASSERT_EQ(Conf("up0/accept_ra"), "1");
  User user = Use("/run");
  EXPECT_THAT(user.record.ipv6_conf,
              UnorderedElementsAre(Pair("all/forwarding", "0"), Pair("up0/accept_ra", "1"),
                                   Pair("router0/forwarding", "1")));
  EXPECT_EQ(Conf("all/forwarding"), "1");
  EXPECT_EQ(Conf("up0/accept_ra"), "2");
  EXPECT_EQ(Conf("off0/accept_ra"), "0");
  EXPECT_EQ(Conf(user.bridge + "/accept_ra"), "0");
  EXPECT_THAT(Snapshot(), HasSubstr("\"up0\" comment \"accept_ra was 1\""));

  // One that comes later; nothing else is remembered anew.
  AddInterface("late0");
  const HostRecord before = user.record;
  Again(user);
  EXPECT_EQ(user.record.ipv6_conf.size(), before.ipv6_conf.size() + 1);
  EXPECT_EQ(Conf("late0/accept_ra"), "2");

  Leave("/run", user);
  EXPECT_EQ(Conf("all/forwarding"), "0");
  EXPECT_EQ(Conf("up0/forwarding"), "0");
  EXPECT_EQ(Conf("up0/accept_ra"), "1");
  EXPECT_EQ(Conf("late0/accept_ra"), "1");
  EXPECT_EQ(Conf("router0/forwarding"), "1");
}

TEST_F(ForwardingTest, AHostThatForwardsKeepsForwarding) {
  SetConf("all/forwarding", "1");
  User user = Use("/run");
  EXPECT_THAT(user.record.ipv6_conf, IsEmpty());
  EXPECT_EQ(Conf("up0/accept_ra"), "1");
  Leave("/run", user);
  EXPECT_EQ(Conf("all/forwarding"), "1");
}

TEST_F(ForwardingTest, TheLastRunRootPutsItBack) {
  User first = Use("/run");
  User second = Use("/other");
  EXPECT_EQ(second.record.ipv6_conf, first.record.ipv6_conf);
  Leave("/run", first);
  EXPECT_EQ(Conf("all/forwarding"), "1");
  EXPECT_EQ(Conf("up0/accept_ra"), "2");
  Leave("/other", second);
  EXPECT_EQ(Conf("all/forwarding"), "0");
  EXPECT_EQ(Conf("up0/accept_ra"), "1");
}

TEST_F(ForwardingTest, WhatSomebodyElseChangedStays) {
  AddInterface("gone0");
  User user = Use("/run");
  SetConf("up0/accept_ra", "0");
  sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
  sys::MessageBatch batch;
  sys::DeleteLink(batch, "gone0");
  ASSERT_EQ(socket.Execute(batch), absl::OkStatus());
  Again(user);
  SetConf("up0/accept_ra", "0");
  Leave("/run", user);
  EXPECT_EQ(Conf("up0/accept_ra"), "0");
  EXPECT_EQ(Conf("all/forwarding"), "0");
}

// The router outside says that it is one for so many seconds; 0: no more.
void Advertise(const Fd& outside, uint16_t lifetime) {
  const Fd fd =
      In(outside, [] { return Fd(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6)); });
  const int hops = 255;
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
  nd_router_advert advert{};
  advert.nd_ra_type = ND_ROUTER_ADVERT;
  advert.nd_ra_router_lifetime = htons(lifetime);
  sockaddr_storage to = At("ff02::1", 0);
  reinterpret_cast<sockaddr_in6&>(to).sin6_scope_id =
      In(outside, [] { return ::if_nametoindex("eth0"); });
  // It has no address to send from as long as the kernel looks whether somebody else has it.
  (void)::sendto(fd.get(), &advert, sizeof(advert), 0, Raw(to), sizeof(sockaddr_in6));
}

bool HasDefaultRoute() {
  sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
  for (const sys::Route6& route : sys::ListRoutes6(socket).value()) {
    if (route.destination.prefix == 0) return true;
  }
  return false;
}

TEST_F(ForwardingTest, TheHostKeepsItsRouterAndHearsOfNewOnes) {
  const Fd events(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl group{};
  group.nl_family = AF_NETLINK;
  group.nl_groups = RTMGRP_IPV6_ROUTE;
  ASSERT_EQ(::bind(events.get(), reinterpret_cast<const sockaddr*>(&group), sizeof(group)), 0);
  const auto hears = [&](uint16_t lifetime) {
    const bool wanted = lifetime > 0;
    for (int i = 0; i < 50 && HasDefaultRoute() != wanted; ++i) {
      Advertise(outside_, lifetime);
      char event[4096];
      if (Wait(events, POLLIN, 100)) (void)::recv(events.get(), event, sizeof(event), 0);
    }
    return HasDefaultRoute() == wanted;
  };
  ASSERT_TRUE(hears(1800));
  User user = Use("/run");
  EXPECT_TRUE(HasDefaultRoute());
  EXPECT_TRUE(hears(0));
  EXPECT_TRUE(hears(1800));
  Leave("/run", user);
  EXPECT_TRUE(HasDefaultRoute());
}

}  // namespace
}  // namespace pelagos::net
