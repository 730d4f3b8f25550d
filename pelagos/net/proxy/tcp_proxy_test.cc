// Connections through pelagos-proxy.

#include <sys/resource.h>

#include <functional>
#include <thread>

#include "pelagos/net/proxy/proxy_testing.h"

namespace pelagos::net {
namespace {

constexpr size_t kMany = 100 << 20;

// Byte `at` of what is sent.
char ByteAt(size_t at) { return static_cast<char>(at * 2654435761u >> 13); }

void SendMany(const Fd& fd, size_t total) {
  std::string chunk(1 << 18, '\0');
  for (size_t sent = 0; sent < total;) {
    const size_t size = std::min(chunk.size(), total - sent);
    for (size_t i = 0; i < size; ++i) chunk[i] = ByteAt(sent + i);
    for (size_t done = 0; done < size;) {
      const ssize_t part = ::send(fd.get(), chunk.data() + done, size - done, MSG_NOSIGNAL);
      ASSERT_GT(part, 0) << std::strerror(errno);
      done += static_cast<size_t>(part);
    }
    sent += size;
  }
}

// To the end; the value is how many bytes were as they had to be before the first that was not.
size_t ReceiveMany(const Fd& fd) {
  std::string chunk(1 << 18, '\0');
  for (size_t received = 0;;) {
    const ssize_t size = ::recv(fd.get(), chunk.data(), chunk.size(), 0);
    EXPECT_GE(size, 0) << std::strerror(errno);
    if (size <= 0) return received;
    for (size_t i = 0; i < static_cast<size_t>(size); ++i, ++received) {
      if (chunk[i] != ByteAt(received)) return received;
    }
  }
}

// Sends everything back, as it comes.
void Echo(const Fd& fd) {
  std::string chunk(1 << 18, '\0');
  for (;;) {
    const ssize_t size = ::recv(fd.get(), chunk.data(), chunk.size(), 0);
    if (size <= 0) break;
    for (ssize_t done = 0; done < size;) {
      const ssize_t part =
          ::send(fd.get(), chunk.data() + done, static_cast<size_t>(size - done), MSG_NOSIGNAL);
      if (part < 0) return;
      done += part;
    }
  }
  ::shutdown(fd.get(), SHUT_WR);
}

class TcpProxyTest : public ProxyTest,
                     public ::testing::WithParamInterface<std::pair<const char*, const char*>> {
 protected:
  // A port of the first address that leads to a server at the second.
  void SetUp() override {
    ProxyTest::SetUp();
    if (IsSkipped()) return;
    port_ = Bind(GetParam().first, 8080, SOCK_STREAM);
    server_ = Listen(GetParam().second, 80);
    Start(port_, Protocol::kTcp, GetParam().second, 80);
    idle_ = Descriptors();
  }
  Fd Client() { return Connect(GetParam().first, 8080); }

  Fd port_, server_;
  size_t idle_ = 0;  // descriptors before the first connection
};

INSTANTIATE_TEST_SUITE_P(Families, TcpProxyTest,
                         ::testing::Values(std::pair("::1", "127.0.0.1"), std::pair("::1", "::1"),
                                           std::pair("127.0.0.1", "::1")),
                         [](const auto& info) { return absl::StrCat("Pair", info.index); });

TEST_P(TcpProxyTest, MuchDataBothWaysWithHalfClose) {
  const Fd client = Client();
  const Fd accepted = Accept(server_);
  std::thread echo([&] { Echo(accepted); });
  std::thread sender([&] {
    SendMany(client, kMany);
    ::shutdown(client.get(), SHUT_WR);
  });
  EXPECT_EQ(ReceiveMany(client), kMany);
  sender.join();
  echo.join();
}

TEST_P(TcpProxyTest, OneWayCanEndLongBeforeTheOther) {
  const Fd client = Client();
  const Fd accepted = Accept(server_);
  Send(client, "question");
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(Receive(accepted), "question");
  EXPECT_EQ(Receive(accepted), "");
  Send(accepted, "answer");
  EXPECT_EQ(Receive(client), "answer");
  std::thread sender([&] {
    SendMany(accepted, kMany / 10);
    ::shutdown(accepted.get(), SHUT_WR);
  });
  EXPECT_EQ(ReceiveMany(client), kMany / 10);
  sender.join();

  const Fd other = Client();
  const Fd server_speaks = Accept(server_);
  ::shutdown(server_speaks.get(), SHUT_WR);
  EXPECT_EQ(Receive(other), "");
  Send(other, "still there");
  EXPECT_EQ(Receive(server_speaks), "still there");
}

TEST_P(TcpProxyTest, AThousandConnectionsAtOnce) {
  rlimit files = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  constexpr size_t kCount = 1000;
  std::vector<std::pair<Fd, Fd>> connections;  // client's end, server's end
  for (size_t i = 0; i < kCount; ++i) {
    Fd client = Client();
    connections.emplace_back(std::move(client), Accept(server_));
  }
  for (size_t i = 0; i < kCount; ++i) Send(connections[i].first, absl::StrCat("to ", i));
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(Receive(connections[i].second), absl::StrCat("to ", i));
    Send(connections[i].second, absl::StrCat("from ", i));
  }
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(Receive(connections[i].first), absl::StrCat("from ", i));
  }
  EXPECT_LE(Descriptors(), idle_ + 2 * kCount + 2 * 16);  // idle ones have no pipes
  EXPECT_LT(Memory(), size_t{16} << 20);
  for (auto& [client, accepted] : connections) {
    client.reset();
    EXPECT_EQ(Receive(accepted), "");
    accepted.reset();
  }
  // The next connection comes after them.
  const Fd client = Client();
  const Fd accepted = Accept(server_);
  Send(accepted, "hello");
  EXPECT_EQ(Receive(client), "hello");
  EXPECT_LE(Descriptors(), idle_ + 2 + 2 * 16);
}

TEST_P(TcpProxyTest, RefusedBehindIt) {
  server_.reset();
  const Fd client = Client();
  EXPECT_EQ(Receive(client), "Connection reset by peer");
  server_ = Listen(GetParam().second, 80);
  const Fd again = Client();
  const Fd accepted = Accept(server_);
  Send(accepted, "open");
  EXPECT_EQ(Receive(again), "open");
}

TEST_P(TcpProxyTest, WhoVanishesIsGoneForTheOther) {
  for (const bool after_half_close : {false, true}) {
    Fd client = Client();
    const Fd accepted = Accept(server_);
    Send(client, "word");
    EXPECT_EQ(Receive(accepted), "word");
    if (after_half_close) {
      ::shutdown(client.get(), SHUT_WR);
      EXPECT_EQ(Receive(accepted), "");
    }
    Vanish(std::move(client));
    if (after_half_close) {  // reading says no more than that it has ended
      EXPECT_TRUE(Wait(accepted, POLLERR));
    } else {
      EXPECT_EQ(Receive(accepted), "Connection reset by peer");
    }
  }
  const Fd client = Client();
  Vanish(Accept(server_));
  EXPECT_EQ(Receive(client), "Connection reset by peer");
}

// Who does not read holds up who writes, and the proxy keeps nothing.
TEST_P(TcpProxyTest, BackPressure) {
  std::vector<std::pair<Fd, Fd>> connections;
  const std::string chunk(1 << 16, 'x');
  for (int i = 0; i < 20; ++i) {
    Fd client = Client();
    Fd accepted = Accept(server_);
    size_t sent = 0;
    while (Wait(client, POLLOUT, kUnwanted / 10)) {
      const ssize_t size = ::send(client.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
      if (size > 0) sent += static_cast<size_t>(size);
      ASSERT_LT(sent, size_t{64} << 20);
    }
    ::shutdown(client.get(), SHUT_WR);
    connections.emplace_back(std::move(client), std::move(accepted));
    if (i == 0) {  // what was held up comes, whole
      size_t received = 0;
      for (std::string part; !(part = Receive(connections[0].second, 1 << 20)).empty();) {
        received += part.size();
      }
      EXPECT_EQ(received, sent);
    }
  }
  EXPECT_LT(Memory(), size_t{16} << 20);
}

TEST_P(TcpProxyTest, ASlowReaderGetsSmallPiecesInOrder) {
  const Fd client = Client();
  const Fd accepted = Accept(server_);
  std::string all;
  std::thread sender([&] {
    for (int i = 0; i < 20000; ++i) Send(client, absl::StrCat(i, ";"));
    ::shutdown(client.get(), SHUT_WR);
  });
  std::string expected;
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&expected, i, ";");
  for (std::string part; !(part = Receive(accepted, 777)).empty();) all += part;
  sender.join();
  EXPECT_EQ(all, expected);
}

}  // namespace
}  // namespace pelagos::net
