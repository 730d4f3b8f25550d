// pelagos-dns under load, by TCP and IPv6, and among hostile askers.

#include <array>
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "tests/rooted/net_test/dns_world.h"

namespace pelagos::net {
namespace {

TEST_F(DnsTest, OfAMillionQueriesNoneIsLostOrWrongWhileContainersComeAndGo) {
  constexpr uint64_t kQueries = 1000000;
  constexpr int kJoins = 1000;
  Host("192.0.2.10", "stays", "stays");
  ASSERT_EQ(ReloadDns(dns_), absl::OkStatus());
  std::atomic<int> joins{0};
  std::atomic<bool> failed{false};
  std::thread writer([&] {
    for (int i = 0; i < kJoins && !failed; ++i) {
      const std::string owner = absl::StrCat("c", i);
      const ZoneHost host{Ip("192.0.2.77"), {}, owner, {"flaps", "stays-not"}, {}};
      // The network's own file is written again, too, as by a second project.
      const bool good = Files().WriteHost("net", host).ok() && ReloadDns(dns_).ok() &&
                        (i % 100 != 0 || Files().WriteNetwork("net", head_).ok()) &&
                        Files().RemoveHost("net", owner).ok() && ReloadDns(dns_).ok();
      if (!good) failed = true;
      ++joins;
    }
  });
  const std::vector<std::string> queries = {
      DnsQuestion("stays", kA),       DnsQuestion("flaps", kA),
      DnsQuestion("Stays", kA, 1232), DnsQuestion("stays.shop-net", kA),
      DnsQuestion("stays", kAaaa),    DnsQuestion("77.2.0.192.in-addr.arpa", kPtr),
      DnsQuestion("never", kA)};
  std::array<uint64_t, 2> flaps{};
  const auto address = [](absl::string_view answer, size_t question) {
    return Records(answer) == 1 && answer.size() >= question + 16
               ? static_cast<int>(static_cast<uint8_t>(answer[question + 15]))
               : -1;
  };
  const auto good = [&](size_t query, absl::string_view answer) {
    const int code = CodeOf(answer);
    const size_t size = queries[query].size();
    const bool question =
        answer.substr(12, size - 12 - (query == 2 ? 11 : 0)) ==
        absl::string_view(queries[query]).substr(12, size - 12 - (query == 2 ? 11 : 0));
    if (!question) return false;
    switch (query) {
      case 0:
      case 3:
        return code == 0 && address(answer, size) == 10;
      case 2:
        return code == 0 && address(answer, size - 11) == 10;
      case 1:
        ++flaps[code == 0];
        return code == 3 || (code == 0 && address(answer, size) == 77);
      case 4:
        return code == 0 && Records(answer) == 0;
      case 5:
        return code == 3 || (code == 0 && Records(answer) == 1);
      default:
        return code == 3;
    }
  };
  const auto more = [&](uint64_t sent) { return (sent < kQueries || joins < kJoins) && !failed; };
  const DnsLoad load = RunDnsLoad(Connect(SOCK_DGRAM), queries, more, good);
  failed = failed || load.lost > 0;
  writer.join();
  EXPECT_FALSE(failed);
  EXPECT_EQ(joins, kJoins);
  EXPECT_GE(load.answered, kQueries);
  EXPECT_EQ(load.lost, 0u);
  EXPECT_EQ(load.wrong, 0u);
  EXPECT_GT(flaps[0], 0u);
  EXPECT_GT(flaps[1], 0u);
  EXPECT_EQ(Ask("flaps"), "code 3");
}

TEST_F(DnsTest, ManyAddressesTakeTurnsAndNeedRoom) {
  std::set<std::string> firsts;
  for (int i = 0; i < 100; ++i) {
    Host(absl::StrCat("192.0.2.", 100 + i), absl::StrCat("m", i), "many");
  }
  ASSERT_EQ(ReloadDns(dns_), absl::OkStatus());
  const Fd udp = Connect(SOCK_DGRAM), tcp = Connect(SOCK_STREAM);
  const std::string plain = DnsQuestion("many", kA), edns = DnsQuestion("many", kA, 4096);
  for (int i = 0; i < 100; ++i) {
    const std::string answer = Exchange(udp, plain);
    EXPECT_LE(answer.size(), 512u);
    EXPECT_TRUE(IsTruncated(answer));
    EXPECT_GT(Records(answer), 25);
    firsts.insert(answer.substr(plain.size() + 12, 4));
  }
  EXPECT_EQ(firsts.size(), 100u);
  std::string answer = Exchange(udp, edns);
  EXPECT_LE(answer.size(), 1232u);
  EXPECT_TRUE(IsTruncated(answer));
  EXPECT_GT(Records(answer), 65);
  EXPECT_EQ(answer[11], 1);
  const std::string framed = Framed(plain);
  ASSERT_EQ(::send(tcp.get(), framed.data(), framed.size(), 0),
            static_cast<ssize_t>(framed.size()));
  answer = Next(tcp);
  EXPECT_FALSE(IsTruncated(answer));
  EXPECT_EQ(Records(answer), 100);
}

TEST_F(DnsTest, ByTcpManyQueriesMayBeOnTheirWay) {
  Host("192.0.2.10", "web", "web");
  ASSERT_EQ(ReloadDns(dns_), absl::OkStatus());
  const Fd tcp = Connect(SOCK_STREAM);
  std::string all;
  for (int i = 0; i < 500; ++i) {
    std::string query = DnsQuestion(i % 2 == 0 ? "web" : "mail", kA);
    query[0] = static_cast<char>(i >> 8);
    query[1] = static_cast<char>(i);
    all += Framed(query);
  }
  // In pieces that end anywhere.
  for (size_t at = 0; at < all.size(); at += 1001) {
    const size_t size = std::min<size_t>(1001, all.size() - at);
    ASSERT_EQ(::send(tcp.get(), all.data() + at, size, 0), static_cast<ssize_t>(size));
  }
  ASSERT_EQ(::shutdown(tcp.get(), SHUT_WR), 0);
  std::set<int> seen;
  for (std::string answer = Next(tcp); !answer.empty(); answer = Next(tcp)) {
    const int id = static_cast<uint8_t>(answer[0]) << 8 | static_cast<uint8_t>(answer[1]);
    EXPECT_EQ(CodeOf(answer), id % 2 == 0 ? 0 : 3);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 500u);
}

TEST_F(DnsTest, AnAskerHasSoManyConnectionsAndNoMore) {
  std::vector<Fd> open;
  for (int i = 0; i < 8; ++i) open.push_back(Connect(SOCK_STREAM));
  const std::string query = Framed(DnsQuestion("me", kA));
  const auto asks = [&](const Fd& fd) {
    return ::send(fd.get(), query.data(), query.size(), MSG_NOSIGNAL) > 0 && !Next(fd).empty();
  };
  for (const Fd& fd : open) EXPECT_TRUE(asks(fd));
  EXPECT_FALSE(asks(Connect(SOCK_STREAM)));
  open.clear();
  int attempts = 1;  // it may hear of a newcomer before of their ends
  while (attempts < 100 && !asks(Connect(SOCK_STREAM))) ++attempts;
  EXPECT_LT(attempts, 100);
}

TEST_F(DnsTest, Ipv6IsSpokenAndAnswered) {
  for (const char* gateway : {kGateway, "fd00:77::1"}) {
    const Fd udp = Connect(SOCK_DGRAM, gateway);
    const std::string query = DnsQuestion("me", kAaaa);
    std::string answer = Exchange(udp, query);
    ASSERT_EQ(Records(answer), 1);
    sys::Ipv6 address;
    std::memcpy(address.bytes.data(), answer.data() + query.size() + 12, 16);
    EXPECT_EQ(sys::ToString(address), "fd00:77::2");
    const std::string reverse = DnsQuestion(
        "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.7.0.0.0.0.d.f.ip6.arpa", kPtr);
    answer = Exchange(udp, reverse);
    ASSERT_EQ(Records(answer), 1);
    EXPECT_EQ(answer.substr(reverse.size() + 12), std::string("\2me\0", 4));
  }
}

TEST_F(DnsTest, HostileAskersCostLittle) {
  const Fd silent = Serve(host_, 53, SOCK_DGRAM, "127.0.0.1");
  const Fd udp = Connect(SOCK_DGRAM);
  std::mt19937 random(1);
  const std::string good = DnsQuestion("me", kA, 1232);
  const auto flood = [&](int count) {
    for (int i = 0; i < count; ++i) {
      std::string message = good;
      switch (random() % 5) {
        case 0:  // noise
          message.resize(random() % 600);
          for (char& c : message) c = static_cast<char>(random());
          break;
        case 1:  // a query with some bytes wrong
          for (int j = 0; j < 3; ++j)
            message[random() % message.size()] = static_cast<char>(random());
          break;
        case 2:  // names that point to themselves, and to each other
          message = message.substr(0, 12) + std::string("\xc0\x0e\xc0\x0c\0\1\0\1", 8);
          break;
        case 3:  // something to be asked outside
          message = DnsQuestion(absl::StrCat("x", random(), ".example"), kA);
          break;
        default:  // as long as it goes
          message = DnsQuestion(absl::StrCat(std::string(63, 'a'), ".", std::string(63, 'b'), ".",
                                             std::string(63, 'c'), ".", std::string(50, 'd')),
                                kA) +
                    std::string(random() % 4000, 'x');
      }
      ::send(udp.get(), message.data(), message.size(), 0);  // it may be refused
    }
  };
  // A full queue loses what comes, and whoever asks asks again.
  const auto answers = [&] {
    int attempts = 1;
    while (attempts < 20 && Ask("me") != "192.0.2.2") ++attempts;
    return attempts < 20;
  };
  flood(20000);
  EXPECT_TRUE(answers());
  const int64_t before = Memory();
  for (int i = 0; i < 8; ++i) {
    flood(20000);
    std::vector<Fd> streams;
    for (int j = 0; j < 50; ++j) {
      streams.push_back(Connect(SOCK_STREAM));
      std::string noise(5000, '\0');
      for (char& c : noise) c = static_cast<char>(random());
      ::send(streams.back().get(), noise.data(), noise.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  }
  EXPECT_TRUE(answers());
#if defined(__SANITIZE_ADDRESS__)  // what was freed stays for a while
  const int64_t spare = 256 << 10;
#else
  const int64_t spare = 0;
#endif
  EXPECT_LT(Memory() - before, 4096 + spare);
  EXPECT_LT(Memory(), (32 << 10) + spare);
}

}  // namespace
}  // namespace pelagos::net
