#include "pelagos/net/dns/forwarder.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace pelagos::net {
namespace {

TEST(ForwarderTest, ResolversOfTheHost) {
  const std::vector<Resolver> resolvers = ParseResolvers(
      "# nameserver 1.1.1.1\n"
      "search example.com\n"
      "nameserver 10.0.0.1\n"
      " nameserver\t2001:db8::1  \n"
      "nameserver not-an-address\n"
      "nameserver\n"
      "nameserver 10.0.0.2\r\n"
      "nameserver 10.0.0.3\n");
  ASSERT_EQ(resolvers.size(), 3u);
  const auto* first = reinterpret_cast<const sockaddr_in*>(&resolvers[0].address);
  EXPECT_EQ(first->sin_family, AF_INET);
  EXPECT_EQ(ntohl(first->sin_addr.s_addr), 0x0a000001u);
  EXPECT_EQ(ntohs(first->sin_port), 53);
  EXPECT_EQ(resolvers[1].address.ss_family, AF_INET6);
  EXPECT_EQ(ParseResolvers("").size(), 0u);
}

TEST(ForwarderTest, WithoutResolversItFailsAtOnce) {
  sys::EventLoop loop = sys::EventLoop::Create().value();
  std::string answer;
  Forwarder forwarder(
      loop, "/nonexistent/resolv.conf",
      [&](const Forwarder::Asker&, absl::string_view message) { answer = std::string(message); });
  const std::string message("\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\1b\0\0\1\0\1", 21);
  forwarder.Ask({{1}, {2}, 3}, *ParseDnsQuery(message), message);
  ASSERT_GE(answer.size(), 12u);
  EXPECT_EQ(answer[3] & 15, 2);
  EXPECT_EQ(forwarder.questions(), 0u);
}

}  // namespace
}  // namespace pelagos::net
