// On the loopback device: a server of TCP, and one of names.
#include "pelagos/compose/await_port.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pelagos/base/fd.h"
#include "pelagos/compose/host_name.h"
#include "pelagos/net/dns/message.h"

namespace pelagos::compose {
namespace {

struct Bound {
  Fd fd;
  uint16_t port = 0;
};

// A socket on 127.0.0.1 with a port of the kernel's choice.
Bound BindLoopback(int type) {
  Bound bound{Fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0)), 0};
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(bound.fd.get(), generic, size), 0);
  EXPECT_EQ(::getsockname(bound.fd.get(), generic, &size), 0);
  bound.port = ntohs(address.sin_port);
  return bound;
}

std::string TextOf(const HostAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  const auto* in = reinterpret_cast<const sockaddr_in*>(&address.address);
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&address.address);
  const bool four = address.address.ss_family == AF_INET;
  ::inet_ntop(address.address.ss_family,
              four ? static_cast<const void*>(&in->sin_addr) : &in6->sin6_addr, text.data(),
              text.size());
  return text.data();
}

std::vector<std::string> TextsOf(const std::vector<HostAddress>& addresses) {
  std::vector<std::string> texts;
  for (const HostAddress& address : addresses) texts.push_back(TextOf(address));
  return texts;
}

using Words = std::vector<std::string>;

TEST(AwaitPortTest, AnOpenPort) {
  const Bound server = BindLoopback(SOCK_STREAM);
  ASSERT_EQ(::listen(server.fd.get(), 8), 0);
  for (const char* host : {"127.0.0.1", "localhost", "LocalHost", "db.localhost"}) {
    const auto open = AwaitPort(host, server.port, absl::ZeroDuration());
    ASSERT_TRUE(open.ok()) << open.status();
    EXPECT_TRUE(*open) << host;
  }
}

TEST(AwaitPortTest, AClosedPort) {
  const Bound server = BindLoopback(SOCK_STREAM);  // bound, and nobody listens
  const absl::Time begin = absl::Now();
  EXPECT_FALSE(AwaitPort("127.0.0.1", server.port, absl::ZeroDuration()).value());
  EXPECT_FALSE(AwaitPort("localhost", server.port, absl::Milliseconds(300)).value());
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(300));
}

TEST(AwaitPortTest, APortThatOpensLater) {
  const Bound server = BindLoopback(SOCK_STREAM);
  int pauses = 0;
  const auto pause = [&](absl::Duration length) {
    EXPECT_EQ(length, absl::Milliseconds(250));
    if (++pauses == 3) {
      EXPECT_EQ(::listen(server.fd.get(), 8), 0);
    }
  };
  EXPECT_TRUE(AwaitPort("127.0.0.1", server.port, absl::Hours(1), pause).value());
  EXPECT_EQ(pauses, 3);
}

TEST(HostNameTest, Addresses) {
  EXPECT_EQ(TextOf(ParseAddress("10.1.2.3").value()), "10.1.2.3");
  EXPECT_EQ(TextOf(ParseAddress("fd00::1").value()), "fd00::1");
  EXPECT_FALSE(ParseAddress("10.1.2").has_value());
  EXPECT_FALSE(ParseAddress("").has_value());
  EXPECT_FALSE(ParseAddress("db").has_value());
}

TEST(HostNameTest, HostsFile) {
  const std::string hosts =
      "# names\n127.0.0.1 localhost\n\n10.0.0.5\tdb.lan DB # and more\nbad db\nfd00::5 db\n"
      "10.0.0.6 other#db\n";
  EXPECT_EQ(TextsOf(FindInHosts(hosts, "db")), (Words{"10.0.0.5", "fd00::5"}));
  EXPECT_EQ(TextsOf(FindInHosts(hosts, "db.LAN")), Words{"10.0.0.5"});
  EXPECT_EQ(TextsOf(FindInHosts(hosts, "other")), Words{"10.0.0.6"});
  EXPECT_EQ(TextsOf(FindInHosts(hosts, "10.0.0.5")), Words{});
  EXPECT_EQ(TextsOf(FindInHosts(hosts, "and")), Words{});
}

TEST(HostNameTest, Nameservers) {
  EXPECT_EQ(TextsOf(ParseNameservers("search lan\nnameserver 10.0.0.1\nnameserver none\n"
                                     "nameserver ::1 # here\nnameserver\nnameserver 10.0.0.3\n"
                                     "nameserver 10.0.0.4\n")),
            (Words{"10.0.0.1", "::1", "10.0.0.3"}));
}

// Answers so many questions: host.test has two addresses, no.test none, there is no other name.
void Serve(const Fd& fd, int questions) {
  while (questions-- > 0) {
    std::array<char, 512> buffer;
    sockaddr_storage asker = {};
    socklen_t size = sizeof(asker);
    const ssize_t read = ::recvfrom(fd.get(), buffer.data(), buffer.size(), 0,
                                    reinterpret_cast<sockaddr*>(&asker), &size);
    ASSERT_GT(read, 0);
    const auto query =
        net::ParseDnsQuery(absl::string_view(buffer.data(), static_cast<size_t>(read)));
    ASSERT_TRUE(query.ok()) << query.status();
    EXPECT_TRUE(query->recursion_desired);
    EXPECT_EQ(query->type, net::kDnsTypeA);
    std::string answer = net::WriteEmptyAnswer(*query, net::DnsCode::kNoSuchName);
    if (query->name == "host.test") {
      answer = net::WriteAddresses(
          *query,
          {sys::ParseIpv6("::ffff:10.9.9.1").value(), sys::ParseIpv6("::ffff:10.9.9.2").value()},
          60);
    } else if (query->name == "no.test") {
      answer = net::WriteEmptyAnswer(*query, net::DnsCode::kOk);
    } else if (query->name == "broken.test") {
      answer = net::WriteEmptyAnswer(*query, net::DnsCode::kServerFailure);
    }
    // A guess of somebody else comes first.
    const std::string forged = net::WithId(answer, static_cast<uint16_t>(query->id + 1));
    for (const std::string& message : {forged, answer}) {
      ::sendto(fd.get(), message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&asker),
               size);
    }
  }
}

TEST(HostNameTest, AsksNameservers) {
  const Bound server = BindLoopback(SOCK_DGRAM);
  const Bound silent = BindLoopback(SOCK_DGRAM);
  std::thread serving([&] { Serve(server.fd, 5); });
  const std::vector<HostAddress> servers = ParseNameservers("nameserver 127.0.0.1", server.port);
  const auto ask = [&](const char* name) {
    return AskNameservers(name, servers, absl::Seconds(30));
  };
  EXPECT_EQ(TextsOf(ask("host.test").value()), (Words{"10.9.9.1", "10.9.9.2"}));
  EXPECT_EQ(ask("no.test").status().message(), "there is no host 'no.test'");
  EXPECT_EQ(ask("other.test").status().message(), "there is no host 'other.test'");
  EXPECT_EQ(ask("broken.test").status().message(),
            "'broken.test': the nameserver answers with error 2");
  // The second server, when the first says nothing.
  std::vector<HostAddress> both = ParseNameservers("nameserver 127.0.0.1", silent.port);
  both.push_back(servers[0]);
  EXPECT_EQ(TextsOf(AskNameservers("host.test", both, absl::Milliseconds(200)).value()),
            (Words{"10.9.9.1", "10.9.9.2"}));
  serving.join();
}

TEST(HostNameTest, WhatCannotBeAsked) {
  EXPECT_EQ(AskNameservers("host.test", {}, absl::Seconds(1)).status().message(),
            "'host.test': there is no nameserver to ask");
  for (const std::string& name : {std::string(), std::string("a..b"), std::string(64, 'a')}) {
    EXPECT_TRUE(absl::IsNotFound(AskNameservers(name, {}, absl::Seconds(1)).status())) << name;
  }
}

}  // namespace
}  // namespace pelagos::compose
