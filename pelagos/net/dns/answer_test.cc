#include "pelagos/net/dns/answer.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/net/dns/mapped.h"

namespace pelagos::net {
namespace {

sys::Ipv4 Ip(absl::string_view text) { return sys::ParseIpv4(text).value(); }
sys::Ipv6 Ip6(absl::string_view text) { return sys::ParseIpv6(text).value(); }

constexpr char kA = 1, kPtr = 12, kAaaa = 28;
constexpr uint8_t kAny = 255;

std::string Question(const std::string& name, uint8_t type, uint8_t qclass = 1) {
  std::string message("\x12\x34\x01\0\0\1\0\0\0\0\0\0", 12);
  for (const std::string& label : std::vector<std::string>(absl::StrSplit(name, '.'))) {
    if (!label.empty()) message += static_cast<char>(label.size()) + label;
  }
  message.append({0, 0, static_cast<char>(type), 0, static_cast<char>(qclass)});
  return message;
}

class AnswerTest : public ::testing::Test {
 protected:
  AnswerTest() {
    table_.SetHead("net",
                   {Ip("10.99.0.1"), 24, Ip6("fd00:1::1"), 64, false, "shop-net", {"9.9.9.9"}});
    table_.SetHost("net", {Ip("10.99.0.2"), Ip6("fd00:1::2"), "a", {"web"}, {}});
    table_.SetHost("net", {Ip("10.99.0.3"), {}, "b", {"db", "db.example"}, {"1.1.1.1", "8.8.8.8"}});
    table_.SetHost("net", {Ip("10.99.0.4"), {}, "c", {"db"}, {}});
    table_.SetHost("net", {Ip("10.99.0.5"), {}, "d", {}, {}});
    table_.SetHead("inner", {Ip("10.98.0.1"), 24, {}, 64, true, "", {}});
    table_.SetHost("inner", {Ip("10.98.0.2"), {}, "e", {"vault"}, {}});
    table_.SetHost("inner", {Ip("10.98.0.3"), {}, "a", {"web"}, {}});
  }

  DnsDecision DecideFor(const std::string& message, const std::string& asker = "10.99.0.2") {
    const std::string gateway = absl::StrContains(asker, "10.98") ? "10.98.0.1" : "10.99.0.1";
    return Decide(table_, Mapped(Ip(gateway)), Mapped(Ip(asker)), transport_, message, turn_++);
  }

  // The addresses of an answer without compressed names but pointers, or what else came of it.
  std::string Ask(const std::string& name, uint8_t type, const std::string& asker = "10.99.0.2") {
    const std::string question = Question(name, type);
    const DnsDecision decision = DecideFor(question, asker);
    if (decision.kind == DnsDecision::Kind::kDrop) return "drop";
    if (decision.kind == DnsDecision::Kind::kForward) {
      return absl::StrCat("forward to ", absl::StrJoin(decision.upstream.resolvers, ","));
    }
    const std::string& reply = decision.reply;
    if (const int code = reply[3] & 15; code != 0) return absl::StrCat("code ", code);
    std::vector<std::string> texts;
    for (size_t at = question.size(); at < reply.size();) {
      const size_t size = static_cast<uint8_t>(reply[at + 11]);
      const std::string data = reply.substr(at + 12, size);
      if (reply[at + 3] == kPtr) texts.push_back(data.substr(1, size - 2));
      sys::Ipv6 v6;
      if (reply[at + 3] == kAaaa) {
        std::copy(data.begin(), data.end(), v6.bytes.begin());
        texts.push_back(sys::ToString(v6));
      }
      if (reply[at + 3] == kA) {
        std::copy(data.begin(), data.end(), v6.bytes.begin() + 12);
        v6.bytes[10] = v6.bytes[11] = 0xff;
        texts.push_back(sys::ToString(*Unmapped(v6)));
      }
      at += 12 + size;
    }
    return texts.empty() ? "no data" : absl::StrJoin(texts, " ");
  }

  ZoneTable table_;
  DnsTransport transport_ = DnsTransport::kUdp;
  uint32_t turn_ = 0;
};

TEST_F(AnswerTest, TheRules) {
  EXPECT_EQ(Ask("web", kA), "10.99.0.2 10.98.0.3");
  EXPECT_EQ(Ask("WEB.pelagos", kA, "10.99.0.3"), "10.99.0.2");
  EXPECT_EQ(Ask("Web.Shop-Net", kA, "10.99.0.3"), "10.99.0.2");
  EXPECT_EQ(Ask("db.example", kA), "10.99.0.3");
  EXPECT_EQ(Ask("web", kAaaa), "fd00:1::2");
  EXPECT_EQ(Ask("db", kAaaa), "no data");
  EXPECT_EQ(Ask("web", 16), "no data");
  EXPECT_EQ(Ask("web", kAny, "10.99.0.3"), "10.99.0.2 fd00:1::2");
  for (const char* name : {"mail", "mail.pelagos", "mail.shop-net"}) {
    EXPECT_EQ(Ask(name, kA), "code 3") << name;
    EXPECT_EQ(Ask(name, kAaaa), "code 3") << name;
  }
  EXPECT_EQ(Ask("web", kA, "10.100.0.2"), "drop");
}

TEST_F(AnswerTest, AddressesHaveNames) {
  EXPECT_EQ(Ask("2.0.99.10.in-addr.arpa", kPtr), "web");
  EXPECT_EQ(Ask("9.0.99.10.in-addr.arpa", kPtr), "code 3");
  EXPECT_EQ(Ask("5.0.99.10.in-addr.arpa", kPtr), "code 3");
  EXPECT_EQ(Ask("2.0.97.10.in-addr.arpa", kPtr), "forward to 9.9.9.9");
  EXPECT_EQ(Ask("2.0.98.10.in-addr.arpa", kPtr), "vault");
  EXPECT_EQ(Ask("2.0.98.10.in-addr.arpa", kPtr, "10.99.0.3"), "forward to 1.1.1.1,8.8.8.8");
  const std::string zeros =
      "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa";
  EXPECT_EQ(Ask("2." + zeros, kPtr), "web");
  EXPECT_EQ(Ask("3." + zeros, kPtr), "code 3");
}

TEST_F(AnswerTest, TheWorldIsAskedFromTheRightResolvers) {
  EXPECT_EQ(Ask("mail.example", kA), "forward to 9.9.9.9");
  EXPECT_EQ(Ask("mail.example", kA, "10.99.0.3"), "forward to 1.1.1.1,8.8.8.8");
  EXPECT_EQ(Ask("mail.example", kA, "10.99.0.99"), "forward to 9.9.9.9");
  EXPECT_EQ(Ask("", 2), "forward to 9.9.9.9");
  // Internal networks ask nobody, unless the container has another network.
  EXPECT_EQ(Ask("mail.example", kA, "10.98.0.2"), "code 2");
  EXPECT_EQ(Ask("web", kA, "10.98.0.2"), "10.98.0.3");
  EXPECT_EQ(Ask("mail.example", kA, "10.98.0.3"), "forward to ");
}

TEST_F(AnswerTest, ByTcpThereIsRoom) {
  for (uint32_t i = 0; i < 100; ++i) {
    table_.SetHost("net", {{Ip("10.99.0.100").bits + i}, {}, absl::StrCat("x", i), {"many"}, {}});
  }
  const std::string udp = DecideFor(Question("many", kA)).reply;
  EXPECT_TRUE(IsTruncated(udp));
  EXPECT_LE(udp.size(), 512u);
  EXPECT_EQ((udp.size() - Question("many", kA).size()) % 16, 0u);
  transport_ = DnsTransport::kTcp;
  const std::string tcp = DecideFor(Question("many", kA)).reply;
  EXPECT_FALSE(IsTruncated(tcp));
  EXPECT_EQ(tcp.size(), Question("many", kA).size() + 16 * 100);
}

TEST_F(AnswerTest, SeveralTakeTurns) {
  const std::string first = Ask("db", kA), second = Ask("db", kA);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.size(), std::string("10.99.0.3 10.99.0.4").size());
  EXPECT_EQ(Ask("db", kA), first);
}

TEST_F(AnswerTest, BadMessagesGetShortAnswers) {
  EXPECT_EQ(DecideFor("short").kind, DnsDecision::Kind::kDrop);
  EXPECT_EQ(DecideFor(Question("web", kA).substr(0, 14)).reply,
            std::string("\x12\x34\x81\1\0\0\0\0\0\0\0\0", 12));
  EXPECT_EQ(DecideFor(Question("web", kA, 3)).reply[3] & 15, 5);
  std::string version = Question("web", kA) + std::string("\0\0\x29\x10\0\0\1\0\0\0\0", 11);
  version[11] = 1;
  const std::string reply = DecideFor(version).reply;
  EXPECT_EQ(reply.substr(reply.size() - 6, 2), std::string("\1\0", 2));  // BADVERS
}

}  // namespace
}  // namespace pelagos::net
