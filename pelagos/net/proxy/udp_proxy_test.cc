// Datagrams through pelagos-proxy.

#include <thread>

#include "pelagos/net/proxy/proxy_testing.h"

namespace pelagos::net {
namespace {

struct Datagram {
  std::string text;
  SocketAddress from;
};

Datagram ReceiveFrom(const Fd& fd) {
  Datagram datagram;
  if (!Wait(fd, POLLIN)) return {"silence", {}};
  datagram.text.resize(65536);
  const ssize_t size = ::recvfrom(fd.get(), datagram.text.data(), datagram.text.size(), 0,
                                  datagram.from.get(), &datagram.from.size);
  if (size < 0) return {std::strerror(errno), {}};
  datagram.text.resize(static_cast<size_t>(size));
  return datagram;
}

void SendTo(const Fd& fd, absl::string_view text, const SocketAddress& to) {
  EXPECT_EQ(::sendto(fd.get(), text.data(), text.size(), 0, to.get(), to.size),
            static_cast<ssize_t>(text.size()))
      << std::strerror(errno);
}

std::string Host(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.family() == AF_INET) {
    const auto* at = reinterpret_cast<const sockaddr_in*>(&address.storage);
    return ::inet_ntop(AF_INET, &at->sin_addr, text, sizeof(text));
  }
  const auto* at = reinterpret_cast<const sockaddr_in6*>(&address.storage);
  return ::inet_ntop(AF_INET6, &at->sin6_addr, text, sizeof(text));
}

class UdpProxyTest : public ProxyTest {};

TEST_F(UdpProxyTest, ManyClientsGetTheirOwnAnswers) {
  const Fd port = Bind("::1", 5353, SOCK_DGRAM), server = Bind("127.0.0.1", 53, SOCK_DGRAM);
  Start(port, Protocol::kUdp, "127.0.0.1", 53);
  constexpr int kClients = 300;
  std::vector<Fd> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(Connect("::1", 5353, SOCK_DGRAM));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kClients; ++i) {
      const std::string word = absl::StrCat(round, " of ", i);
      Send(clients[static_cast<size_t>(i)], word);
      const Datagram question = ReceiveFrom(server);
      EXPECT_EQ(question.text, word);
      SendTo(server, word + "!", question.from);
    }
    for (int i = 0; i < kClients; ++i) {
      EXPECT_EQ(Receive(clients[static_cast<size_t>(i)]), absl::StrCat(round, " of ", i, "!"));
    }
  }
  // Empty and large ones too.
  const std::string large(60000, 'x');
  for (const std::string& word : {std::string(), large}) {
    Send(clients[0], word);
    const Datagram question = ReceiveFrom(server);
    EXPECT_EQ(question.text, word);
    SendTo(server, word, question.from);
    EXPECT_EQ(Receive(clients[0], 65536), word);
  }
  EXPECT_LT(Memory(), size_t{16} << 20);
}

TEST_F(UdpProxyTest, AnswersComeFromTheAddressThatWasAsked) {
  sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
  sys::MessageBatch more;
  sys::AddAddress(more, 1, sys::ParseIpv6("fd00::5").value(), 128);
  sys::AddAddress(more, 1, sys::ParseIpv4("10.1.2.3").value(), 32);
  ASSERT_TRUE(socket.Execute(more).ok());
  const Fd server = Bind("::1", 53, SOCK_DGRAM);
  const Fd all6 = Bind("::", 5353, SOCK_DGRAM), all4 = Bind("0.0.0.0", 5353, SOCK_DGRAM);
  absl::StatusOr<Fd> control = StartProxy(
      Program(), {{&all6, Protocol::kUdp, "::1", 53}, {&all4, Protocol::kUdp, "::1", 53}});
  ASSERT_TRUE(control.ok()) << control.status();
  control_ = *std::move(control);
  // One client's socket each, which writes to both.
  for (const auto& [client_at, addresses] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"::", {"::1", "fd00::5"}}, {"0.0.0.0", {"127.0.0.1", "10.1.2.3"}}}) {
    const Fd client = Bind(client_at, 7777, SOCK_DGRAM);
    for (const std::string& address : addresses) {
      SendTo(client, "who", ParseSocketAddress(address, 5353).value());
      const Datagram question = ReceiveFrom(server);
      EXPECT_EQ(question.text, "who");
      SendTo(server, "me", question.from);
      const Datagram answer = ReceiveFrom(client);
      EXPECT_EQ(answer.text, "me");
      EXPECT_EQ(Host(answer.from), address);
    }
  }
}

TEST_F(UdpProxyTest, SessionsAreBounded) {
  const Fd port = Bind("::1", 5353, SOCK_DGRAM), server = Bind("::1", 53, SOCK_DGRAM);
  Start(port, Protocol::kUdp, "::1", 53);
  const size_t idle = Descriptors();
  constexpr int kClients = 6000;
  for (int i = 0; i < kClients; ++i) {
    const Fd client = Connect("::1", 5353, SOCK_DGRAM);
    Send(client, "word");
    const Datagram question = ReceiveFrom(server);
    ASSERT_EQ(question.text, "word");
    SendTo(server, "answer", question.from);
    ASSERT_EQ(Receive(client), "answer");
  }
  EXPECT_GT(Descriptors(), idle);
  EXPECT_LE(Descriptors(), idle + 4096);
  EXPECT_LT(Memory(), size_t{32} << 20);
}

TEST_F(UdpProxyTest, SilentSessionsEnd) {
  const Fd port = Bind("::1", 5353, SOCK_DGRAM), server = Bind("::1", 53, SOCK_DGRAM);
  Start(port, Protocol::kUdp, "::1", 53, absl::Milliseconds(200));
  const size_t idle = Descriptors();
  const Fd client = Connect("::1", 5353, SOCK_DGRAM);
  Send(client, "word");
  const Datagram question = ReceiveFrom(server);
  EXPECT_EQ(question.text, "word");
  // While there are words it stays, longer than the time of silence.
  const absl::Time until = absl::Now() + absl::Milliseconds(500);
  int rounds = 0;
  for (; absl::Now() < until; ++rounds) {
    SendTo(server, "answer", question.from);
    ASSERT_EQ(Receive(client), "answer");
    Send(client, "word");
    const Datagram next = ReceiveFrom(server);
    ASSERT_EQ(next.from.size, question.from.size);
    ASSERT_EQ(std::memcmp(&next.from.storage, &question.from.storage, next.from.size), 0);
  }
  EXPECT_GT(rounds, 1);
  // Time passes, in which nobody says anything.
  EXPECT_FALSE(Wait(client, POLLIN, 1000));
  EXPECT_EQ(Descriptors(), idle);
  // And it begins again.
  Send(client, "word");
  const Datagram again = ReceiveFrom(server);
  EXPECT_EQ(again.text, "word");
  SendTo(server, "answer", again.from);
  EXPECT_EQ(Receive(client), "answer");
}

TEST_F(UdpProxyTest, AServerThatComesLater) {
  const Fd port = Bind("::1", 5353, SOCK_DGRAM);
  Start(port, Protocol::kUdp, "::1", 53);
  const Fd client = Connect("::1", 5353, SOCK_DGRAM);
  Send(client, "lost");
  Send(client, "lost too");
  EXPECT_FALSE(Wait(client, POLLIN, kUnwanted));
  const Fd server = Bind("::1", 53, SOCK_DGRAM);
  Send(client, "word");
  const Datagram question = ReceiveFrom(server);
  EXPECT_EQ(question.text, "word");
  SendTo(server, "answer", question.from);
  EXPECT_EQ(Receive(client), "answer");
}

}  // namespace
}  // namespace pelagos::net
