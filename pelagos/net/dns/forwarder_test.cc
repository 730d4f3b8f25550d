#include "pelagos/net/dns/forwarder.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "pelagos/net/dns/mapped.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

const std::string kMessage("\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\1b\0\0\1\0\1", 21);

TEST(ResolversTest, ResolversOfTheHost) {
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
  EXPECT_EQ(sys::ToString(resolvers[1].mapped()), "2001:db8::1");
  EXPECT_EQ(resolvers[0].mapped(), Mapped(sys::Ipv4{0x0a000001}));
  EXPECT_EQ(ParseResolvers("").size(), 0u);
  EXPECT_EQ(ResolversOf({"10.0.0.1", "x", "::1"}).size(), 2u);
}

TEST(ResolversTest, AFileThatChangesIsReadAgain) {
  const std::string path = absl::StrCat(std::getenv("TEST_TMPDIR"), "/resolv.conf");
  ::unlink(path.c_str());
  ResolvConf conf(path);
  EXPECT_EQ(conf.resolvers().size(), 0u);
  ASSERT_TRUE(sys::WriteFileAtomically(path, "nameserver 10.0.0.1\n").ok());
  EXPECT_EQ(conf.resolvers().size(), 1u);
  ASSERT_TRUE(sys::WriteFileAtomically(path, "nameserver 10.0.0.2\nnameserver 10.0.0.3\n").ok());
  EXPECT_EQ(conf.resolvers().size(), 2u);
  ASSERT_EQ(::unlink(path.c_str()), 0);
  EXPECT_EQ(conf.resolvers().size(), 0u);
}

class ForwarderTest : public ::testing::Test {
 protected:
  void Ask(Forwarder& forwarder, const DnsUpstream& upstream, uint32_t asker = 2) {
    const Forwarder::Asker from{Mapped(sys::Ipv4{1}), Mapped(sys::Ipv4{asker}), 3, 0};
    forwarder.Ask(from, upstream, *ParseDnsQuery(kMessage), kMessage);
  }

  sys::EventLoop loop_ = sys::EventLoop::Create().value();
  std::vector<std::string> answers_;
  const Forwarder::OnAnswer on_answer_ = [&](const Forwarder::Asker&, absl::string_view message) {
    answers_.emplace_back(message);
  };
};

TEST_F(ForwarderTest, WithoutResolversItFailsAtOnce) {
  Forwarder forwarder(loop_, "/nonexistent/resolv.conf", on_answer_,
                      [](const sys::Ipv6&) { return false; });
  Ask(forwarder, {"net", {}});
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(CodeOf(answers_[0]), 2);
  EXPECT_EQ(forwarder.questions(), 0u);
}

TEST_F(ForwarderTest, ItDoesNotAskItself) {
  Forwarder forwarder(loop_, "/nonexistent/resolv.conf", on_answer_,
                      [](const sys::Ipv6& address) { return address.bytes[15] == 7; });
  Ask(forwarder, {"net", {"127.0.0.7"}});
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(CodeOf(answers_[0]), 2);
}

TEST_F(ForwarderTest, WhoWantsMuchIsRefusedAtOnce) {
  // A bound socket that nobody reads: silence.
  const Fd silent(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(53);
  at.sin_addr.s_addr = htonl(0x7f000035);
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
  Forwarder forwarder(loop_, "/nonexistent/resolv.conf", on_answer_,
                      [](const sys::Ipv6&) { return false; });
  for (size_t i = 0; i < Forwarder::kMaxPerAsker + 10; ++i) Ask(forwarder, {"n", {"127.0.0.53"}});
  EXPECT_EQ(answers_.size(), 10u);
  EXPECT_EQ(forwarder.questions(), Forwarder::kMaxPerAsker);
  for (size_t i = 0; i < Forwarder::kMaxQuestions; ++i) {
    Ask(forwarder, {"n", {"127.0.0.53"}}, static_cast<uint32_t>(100 + i));
  }
  EXPECT_EQ(forwarder.questions(), Forwarder::kMaxQuestions);
  EXPECT_EQ(answers_.size(), 10 + Forwarder::kMaxPerAsker);
}

}  // namespace
}  // namespace pelagos::net
