// Router advertisements of a container (RFC 4861, 4.2) make nobody's routes or addresses.

#include <gmock/gmock.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>

#include "tests/rooted/net_test/world.h"

namespace pelagos::net {
namespace {

constexpr char kPrefix[] = "2001:db8:bad:";
const char* const kRouter = "fe80::bad";
const char* const kAllNodes = "ff02::1";

std::string Bytes(const std::string& address) {
  const sys::Ipv6 ip = Ip6(address);
  return std::string(ip.bytes.begin(), ip.bytes.end());
}

// The one's complement sum of what RFC 4443, 2.3 lists.
std::string Checksum(const std::string& text) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    sum += static_cast<uint32_t>(static_cast<uint8_t>(text[i]) << 8 |
                                 static_cast<uint8_t>(text[i + 1]));
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  sum = ~sum;
  return {static_cast<char>(sum >> 8), static_cast<char>(sum)};
}

// A whole frame: "I am a router for half an hour, and this prefix is on the link: make addresses of
// it". From an address of its own making, since that of an interface that is new may not be used.
std::string Advertisement() {
  const std::string prefix = std::string("\x03\x04\x40\xc0", 4) +  // /64, on-link, autonomous
                             std::string("\x00\x00\x0e\x10\x00\x00\x0e\x10\x00\x00\x00\x00", 12) +
                             Bytes(absl::StrCat(kPrefix, ":"));
  const std::string rest = std::string("\x40\x00\x07\x08\0\0\0\0\0\0\0\0", 12) + prefix;
  const std::string type("\x86\x00", 2);
  const std::string size("\x00\x30", 2);  // 48
  const std::string sum = Checksum(Bytes(kRouter) + Bytes(kAllNodes) + std::string(2, '\0') + size +
                                   std::string("\0\0\0\x3a", 4) + type + rest);
  const std::string ipv6 = std::string("\x60\0\0\0", 4) + size + std::string("\x3a\xff", 2) +
                           Bytes(kRouter) + Bytes(kAllNodes);
  return std::string("\x33\x33\0\0\0\x01\x02\x00\x00\x00\x0b\xad\x86\xdd", 14) + ipv6 + type + sum +
         rest;
}

class AdvertisementTest : public World {
 protected:
  static void Send(const Fd& netns, const std::string& frame) {
    const bool sent = In(netns, [&] {
      const Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
      sockaddr_ll to = {};
      to.sll_family = AF_PACKET;
      to.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
      return ::sendto(fd.get(), frame.data(), frame.size(), 0,
                      reinterpret_cast<const sockaddr*>(&to),
                      sizeof(to)) == static_cast<ssize_t>(frame.size());
    });
    EXPECT_TRUE(sent) << std::strerror(errno);
  }
  // Gets what arrives of ICMPv6.
  static Fd Listen(const Fd& netns) {
    return In(netns, [] {
      Fd fd(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6));
      icmp6_filter filter;
      ICMP6_FILTER_SETBLOCKALL(&filter);
      ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
      EXPECT_EQ(::setsockopt(fd.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)), 0);
      return fd;
    });
  }
  // Gets changes of routes.
  static Fd Watch(const Fd& netns) {
    return In(netns, [] {
      Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
      sockaddr_nl groups = {};
      groups.nl_family = AF_NETLINK;
      groups.nl_groups = RTMGRP_IPV6_ROUTE;
      EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&groups), sizeof(groups)), 0);
      return fd;
    });
  }
  // Subnets of IPv6 to which routes lead, and addresses.
  static std::string Routes(const Fd& netns) {
    sys::NetlinkSocket socket = sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, netns).value();
    std::string text;
    const std::vector<sys::Route6> routes = sys::ListRoutes6(socket).value();
    for (const sys::Route6& route : routes) {
      absl::StrAppend(&text, sys::ToString(route.destination), "\n");
    }
    return text + In(netns, [] {
             return sys::ReadFile("/proc/thread-self/net/if_inet6", 1 << 16).value();
           });
  }
};

TEST_F(AdvertisementTest, NobodyBelievesANeighbour) {
  Ensure("shop");
  const Container a = Start("a", {"shop"}), b = Start("b", {"shop"}), c = Start("c", {"shop"});
  // c is as containers would be without care: what it believes is what could have happened.
  In(c.netns, [] {
    const absl::Status set = sys::WriteKernelFile("/proc/sys/net/ipv6/conf/eth0/accept_ra", "1");
    EXPECT_EQ(set, absl::OkStatus());
    return 0;
  });
  const std::string before_a = Routes(a.netns), before_c = Routes(c.netns);
  EXPECT_EQ(In(a.netns,
               [] { return sys::ReadFile("/proc/sys/net/ipv6/conf/eth0/accept_ra", 64).value(); }),
            "0\n");
  const Fd heard = Listen(a.netns), changed = Watch(c.netns);
  Send(b.netns, Advertisement());
  EXPECT_TRUE(Wait(heard, POLLIN, kSoon));
  while (!absl::StrContains(Routes(c.netns), kPrefix)) {
    char message[8192];
    if (!Wait(changed, POLLIN, kSoon)) break;
    EXPECT_GT(::recv(changed.get(), message, sizeof(message), 0), 0);
  }
  EXPECT_THAT(Routes(c.netns), ::testing::HasSubstr(kPrefix)) << "before: " << before_c;
  EXPECT_THAT(Routes(a.netns), ::testing::Not(::testing::HasSubstr(kPrefix)));
  EXPECT_THAT(Routes(host_), ::testing::Not(::testing::HasSubstr(kPrefix)));
  // What came before was done before.
  const Fd server = Serve(a.netns, 80, SOCK_STREAM, "::");
  EXPECT_EQ(Talk(b.netns, sys::ToString(*a.endpoint.interfaces.at(0).address6), 80, server),
            sys::ToString(*b.endpoint.interfaces.at(0).address6));
  EXPECT_EQ(Talk(c.netns, a.address(), 80, Serve(a.netns, 80)), c.address());
  EXPECT_THAT(Routes(a.netns), ::testing::Not(::testing::HasSubstr(kPrefix)));
}

}  // namespace
}  // namespace pelagos::net
