// pelagos-dns as containers see it: names of their networks, names of the world.

#include <fcntl.h>

#include "tests/rooted/net_test/world.h"

namespace pelagos::net {
namespace {

constexpr uint8_t kAaaa = 28;

class NamesTest : public World {};

TEST_F(NamesTest, NamesOfTheNetworkResolve) {
  Ensure("shop-net");
  const Container a = Start("web", {"shop-net"}), b = Start("db", {"shop-net"});
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "db"), b.address());
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "DB"), b.address());
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "db.pelagos"), b.address());
  EXPECT_EQ(Resolve(b.netns, b.gateway(), "web"), a.address());
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "web"), a.address());
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "mail"), "code 3");
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "db", kAaaa),
            sys::ToString(b.endpoint.interfaces[0].address6.value()));
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "db.shop-net"), b.address());
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "mail", kAaaa), "code 3");
}

TEST_F(NamesTest, NamesComeAndGo) {
  Ensure("shop-net");
  const Container a = Start("web", {"shop-net"});
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "db"), "code 3");
  const Container b = Start("db", {"shop-net"});
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "db"), b.address());
  EXPECT_EQ(Open().Detach("db"), absl::OkStatus());
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "db"), "code 3");
}

TEST_F(NamesTest, AMemberOfTwoNetworksKnowsBoth) {
  Ensure("shop-front");
  Ensure("shop-back");
  const Container web = Start("web", {"shop-front"});
  const Container app = Start("app", {"shop-front", "shop-back"});
  const Container db = Start("db", {"shop-back"});
  for (const size_t server : {0, 1}) {
    EXPECT_EQ(Resolve(app.netns, app.gateway(server), "web"), web.address());
    EXPECT_EQ(Resolve(app.netns, app.gateway(server), "db"), db.address());
  }
  EXPECT_EQ(Resolve(web.netns, web.gateway(), "db"), "code 3");
  EXPECT_EQ(Resolve(web.netns, web.gateway(), "app"), app.address(0));
  EXPECT_EQ(Resolve(db.netns, db.gateway(), "app"), app.address(1));
}

// The host's resolver, played by the test, at the address that resolv.conf names.
class UpstreamTest : public World {
 protected:
  // Answers one query as `code` says, under the id and question that it has.
  static void AnswerOne(const Fd& server, uint8_t code) {
    ASSERT_TRUE(Wait(server, POLLIN, kSoon));
    char query[512];
    sockaddr_storage from{};
    socklen_t from_size = sizeof(from);
    const ssize_t size = ::recvfrom(server.get(), query, sizeof(query), 0,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    ASSERT_GT(size, 12);
    std::string answer(query, static_cast<size_t>(size));
    answer[2] = '\x81';
    answer[3] = static_cast<char>(0x80 | code);
    if (code == 0) {
      answer[7] = 1;
      answer += std::string("\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc6\x33\x64\x07", 16);
    }
    ::sendto(server.get(), answer.data(), answer.size(), 0, Raw(from), from_size);
  }
};

TEST_F(UpstreamTest, NamesOfTheWorldAreAskedFromTheHostsResolver) {
  Ensure("shop-net");
  const Container a = Start("web", {"shop-net"});
  const Fd server = Serve(host_, 53, SOCK_DGRAM, "127.0.0.1");
  const auto answer = [&](uint8_t code) { return [&, code] { AnswerOne(server, code); }; };
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "www.example.com", 1, answer(0)), "198.51.100.7");
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "no.example.com", 1, answer(3)), "code 3");
}

TEST_F(UpstreamTest, ASilentResolverDoesNotHoldUpOthers) {
  Ensure("shop-net");
  const Container a = Start("web", {"shop-net"}), b = Start("db", {"shop-net"});
  const Fd silent = Serve(host_, 53, SOCK_DGRAM, "127.0.0.1");
  std::string meanwhile;
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "www.example.com", 1,
                    [&] {
                      ASSERT_TRUE(Wait(silent, POLLIN, kSoon));
                      meanwhile = Resolve(b.netns, b.gateway(), "web");
                    }),
            "code 2");
  EXPECT_EQ(meanwhile, a.address());
}

TEST_F(UpstreamTest, ARefusingResolverFailsAtOnce) {
  Ensure("shop-net");
  const Container a = Start("web", {"shop-net"});
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "www.example.com"), "code 2");
}

TEST_F(NamesTest, StrangersGetNoAnswer) {
  Ensure("shop-net");
  const Container a = Start("web", {"shop-net"});
  const Fd fd = In(outside_, [] { return Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); });
  const sockaddr_storage to = At(a.gateway(), 53);
  const std::string query("\x12\x34\x01\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\1", 21);
  ASSERT_EQ(::sendto(fd.get(), query.data(), query.size(), 0, Raw(to), sizeof(to)), 21);
  EXPECT_FALSE(Wait(fd, POLLIN, kUnwanted));
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "web"), a.address());
}

TEST_F(NamesTest, ADaemonThatWasKilledIsStartedAgain) {
  Ensure("shop-net");
  const Container a = Start("web", {"shop-net"});
  const std::string daemon = Daemons();
  pid_t pid = 0;
  ASSERT_TRUE(absl::SimpleAtoi(daemon, &pid)) << daemon;
  const Fd pidfd = sys::OpenPidfd(pid).value();
  ASSERT_EQ(sys::Signal(pidfd, SIGKILL), absl::OkStatus());
  ASSERT_TRUE(Wait(pidfd, POLLIN, kSoon));
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "web"), "Connection refused");
  const Container b = Start("db", {"shop-net"});
  EXPECT_EQ(Resolve(a.netns, a.gateway(), "db"), b.address());
  EXPECT_NE(Daemons(), daemon);
}

TEST_F(NamesTest, APortThatIsTakenIsSaidAndUndone) {
  const Fd other = Serve(host_, 53, SOCK_DGRAM);
  const absl::StatusOr<NetworkRecord> record = Open().Ensure({"shop-net", "test", ""});
  ASSERT_FALSE(record.ok());
  EXPECT_TRUE(absl::StrContains(record.status().message(), "bind('10.99.0.1:53')"))
      << record.status();
  EXPECT_EQ(Snapshot(), before_);
}

}  // namespace
}  // namespace pelagos::net
