// What pelagos-dns asks of other resolvers: silent ones, changed ones, those of networks.

#include "tests/rooted/net_test/dns_world.h"

namespace pelagos::net {
namespace {

// What a resolver of the tests does with a query.
std::string AnswerOf(const std::string& query, uint8_t last, bool truncated = false) {
  std::string answer = query;
  answer[2] = truncated ? '\x83' : '\x81';
  answer[3] = '\x80';
  if (truncated) return answer;
  answer[7] = 1;
  return answer + std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x33\x64", 15) +
         static_cast<char>(last);
}

// Answers one query that comes by UDP.
void ServeOne(const Fd& server, uint8_t last, bool truncated = false) {
  ASSERT_TRUE(Wait(server, POLLIN, kSoon));
  std::string query(4096, '\0');
  sockaddr_storage from{};
  socklen_t from_size = sizeof(from);
  const ssize_t size = ::recvfrom(server.get(), query.data(), query.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &from_size);
  ASSERT_GT(size, 12);
  query.resize(static_cast<size_t>(size));
  const std::string answer = AnswerOf(query, last, truncated);
  ::sendto(server.get(), answer.data(), answer.size(), 0, Raw(from), from_size);
}

TEST_F(DnsTest, ASilentResolverIsOvertaken) {
  ASSERT_TRUE(sys::WriteFileAtomically(folder_ + "/resolv.conf",
                                       "nameserver 127.0.0.1\nnameserver 127.0.0.2\n")
                  .ok());
  const Fd silent = Serve(host_, 53, SOCK_DGRAM, "127.0.0.1");
  const Fd second = Serve(host_, 53, SOCK_DGRAM, "127.0.0.2");
  EXPECT_EQ(Resolve(outside_, kGateway, "www.example", kA, [&] { ServeOne(second, 7); }),
            "198.51.100.7");
  EXPECT_TRUE(Wait(silent, POLLIN, 0));           // it was asked, too
  EXPECT_EQ(Ask("www.example"), "198.51.100.7");  // kept
}

TEST_F(DnsTest, ManyQueriesToASilentResolverDelayNoOther) {
  const Fd silent = Serve(host_, 53, SOCK_DGRAM, "127.0.0.1");
  const Fd udp = Connect(SOCK_DGRAM);
  for (int i = 0; i < 300; ++i) {
    const std::string query = DnsQuestion(absl::StrCat("x", i, ".example"), kA);
    // 64 of them wait, the others fail at once.
    if (i >= 64) {
      EXPECT_EQ(CodeOf(Exchange(udp, query)), 2);
    } else {
      ASSERT_EQ(::send(udp.get(), query.data(), query.size(), 0),
                static_cast<ssize_t>(query.size()));
    }
  }
  const std::vector<std::string> queries = {DnsQuestion("me", kA)};
  const DnsLoad load = RunDnsLoad(
      Connect(SOCK_DGRAM), queries, [](uint64_t sent) { return sent < 10000; },
      [](size_t, absl::string_view answer) { return CodeOf(answer) == 0; });
  EXPECT_EQ(load.answered, 10000u);
  EXPECT_EQ(load.wrong, 0u);
}

TEST_F(DnsTest, ACutAnswerIsAskedForAgainByTcp) {
  const Fd udp = Serve(host_, 53, SOCK_DGRAM, "127.0.0.1");
  const Fd tcp = Serve(host_, 53, SOCK_STREAM, "127.0.0.1");
  EXPECT_EQ(Resolve(outside_, kGateway, "www.example", kA,
                    [&] {
                      ServeOne(udp, 0, /*truncated=*/true);
                      ASSERT_TRUE(Wait(tcp, POLLIN, kSoon));
                      const Fd client(::accept(tcp.get(), nullptr, nullptr));
                      ASSERT_TRUE(Wait(client, POLLIN, kSoon));
                      const std::string answer = Framed(AnswerOf(Next(client), 9));
                      ::send(client.get(), answer.data(), answer.size(), 0);
                    }),
            "198.51.100.9");
}

TEST_F(DnsTest, ResolversBelongToTheHostTheNetworkOrTheContainer) {
  const Fd first = Serve(host_, 53, SOCK_DGRAM, "127.0.0.1");
  const Fd second = Serve(host_, 53, SOCK_DGRAM, "127.0.0.2");
  const Fd third = Serve(host_, 53, SOCK_DGRAM, "127.0.0.3");
  const auto ask = [&](const Fd& server, uint8_t last) {
    return Resolve(outside_, kGateway, absl::StrCat("www", int{last}, ".example"), kA,
                   [&] { ServeOne(server, last); });
  };
  EXPECT_EQ(ask(first, 1), "198.51.100.1");
  ASSERT_TRUE(sys::WriteFileAtomically(folder_ + "/resolv.conf", "nameserver 127.0.0.2\n").ok());
  EXPECT_EQ(ask(second, 2), "198.51.100.2");
  head_.resolvers = {"127.0.0.1"};
  ASSERT_EQ(Files().WriteNetwork("net", head_), absl::OkStatus());
  ASSERT_EQ(ReloadDns(dns_), absl::OkStatus());
  EXPECT_EQ(ask(first, 3), "198.51.100.3");
  ASSERT_EQ(Files().WriteHost("net", {Ip("192.0.2.2"), {}, "me", {"me"}, {"127.0.0.3"}}),
            absl::OkStatus());
  ASSERT_EQ(ReloadDns(dns_), absl::OkStatus());
  EXPECT_EQ(ask(third, 4), "198.51.100.4");
  head_.internal = true;
  ASSERT_EQ(Files().WriteNetwork("net", head_), absl::OkStatus());
  ASSERT_EQ(ReloadDns(dns_), absl::OkStatus());
  EXPECT_EQ(Ask("www4.example"), "code 2");
  EXPECT_EQ(Ask("me"), "192.0.2.2");
  EXPECT_FALSE(Wait(third, POLLIN, 0));
}

}  // namespace
}  // namespace pelagos::net
