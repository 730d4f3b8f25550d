#include "pelagos/net/dns/message.h"

#include <gtest/gtest.h>

#include "pelagos/net/dns/answer.h"

namespace pelagos::net {
namespace {

template <size_t kSize>
std::string Raw(const char (&text)[kSize]) {
  return std::string(text, kSize - 1);
}

const std::string kWeb = Raw("\x12\x34\x01\0\0\1\0\0\0\0\0\0\3WeB\0\0\1\0\1");
const std::string kWebEdns =
    Raw("\x12\x34\x01\0\0\1\0\0\0\0\0\1\3WeB\0\0\1\0\1\0\0\x29\x10\0\0\0\0\0\0\0");

std::string Question(const std::string& labels, char type) {
  return Raw("\x12\x34\x01\0\0\1\0\0\0\0\0\0") + labels + Raw("\0\0") + type + Raw("\0\1");
}

TEST(MessageTest, QueriesAreRead) {
  absl::StatusOr<DnsQuery> query = ParseDnsQuery(kWeb);
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->id, 0x1234);
  EXPECT_EQ(query->name, "web");
  EXPECT_EQ(query->type, kDnsTypeA);
  EXPECT_EQ(query->qclass, kDnsClassInternet);
  EXPECT_TRUE(query->recursion_desired);
  EXPECT_FALSE(query->edns);
  EXPECT_EQ(query->max_size, 512u);
  query = ParseDnsQuery(kWebEdns);
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_TRUE(query->edns);
  EXPECT_EQ(query->max_size, 1232u);
  EXPECT_EQ(ParseDnsQuery(Question("", 2))->name, "");
}

TEST(MessageTest, NotEverythingIsAQuery) {
  EXPECT_TRUE(absl::IsInvalidArgument(ParseDnsQuery("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseDnsQuery(kWeb.substr(0, 11)).status()));
  std::string message = kWeb;
  message[2] = '\x81';  // an answer
  EXPECT_TRUE(absl::IsInvalidArgument(ParseDnsQuery(message).status()));
  message[2] = '\x28';  // an update
  EXPECT_TRUE(absl::IsUnimplemented(ParseDnsQuery(message).status()));
  for (size_t size = 12; size < kWeb.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(ParseDnsQuery(kWeb.substr(0, size)).status())) << size;
  }
  message = kWeb;
  message[5] = 2;  // two questions
  EXPECT_TRUE(absl::IsDataLoss(ParseDnsQuery(message).status()));
  // A name that points to itself, and one that points into the header.
  EXPECT_TRUE(absl::IsDataLoss(ParseDnsQuery(Question(Raw("\xc0\x0c"), 1)).status()));
  EXPECT_TRUE(absl::IsDataLoss(ParseDnsQuery(Question(Raw("\xc0\x00"), 1)).status()));
}

TEST(MessageTest, AnswersAreWritten) {
  const DnsQuery query = *ParseDnsQuery(kWeb);
  EXPECT_EQ(WriteAddresses(query, {{0x0a630002}, {0x0a630003}}, 10),
            Raw("\x12\x34\x85\x80\0\1\0\2\0\0\0\0\3WeB\0\0\1\0\1"
                "\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4\x0a\x63\0\2"
                "\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4\x0a\x63\0\3"));
  EXPECT_EQ(WriteEmptyAnswer(query, DnsCode::kNoSuchName),
            Raw("\x12\x34\x85\x83\0\1\0\0\0\0\0\0\3WeB\0\0\1\0\1"));
  EXPECT_EQ(WriteEmptyAnswer(query, DnsCode::kServerFailure),
            Raw("\x12\x34\x81\x82\0\1\0\0\0\0\0\0\3WeB\0\0\1\0\1"));
  EXPECT_EQ(WriteName(query, "db.x", 10), Raw("\x12\x34\x85\x80\0\1\0\1\0\0\0\0\3WeB\0\0\1\0\1"
                                              "\xc0\x0c\0\x0c\0\1\0\0\0\x0a\0\6\2db\1x\0"));
  EXPECT_EQ(WriteRefusal(kWeb, DnsCode::kFormatError), Raw("\x12\x34\x81\1\0\0\0\0\0\0\0\0"));
  // EDNS0 is answered with EDNS0.
  EXPECT_EQ(WriteEmptyAnswer(*ParseDnsQuery(kWebEdns), DnsCode::kOk),
            Raw("\x12\x34\x85\x80\0\1\0\0\0\0\0\1\3WeB\0\0\1\0\1\0\0\x29\x04\xd0\0\0\0\0\0\0"));
}

TEST(MessageTest, AnswersFit) {
  const std::vector<sys::Ipv4> many(1000, sys::Ipv4{0x0a630002});
  const std::string answer = WriteAddresses(*ParseDnsQuery(kWeb), many, 10);
  EXPECT_LE(answer.size(), 512u);
  EXPECT_GT(answer.size(), 480u);
  EXPECT_LE(WriteAddresses(*ParseDnsQuery(kWebEdns), many, 10).size(), 1232u);
}

TEST(MessageTest, RepliesBelongToQuestions) {
  const DnsQuery query = *ParseDnsQuery(kWeb);
  const std::string reply = WriteAddresses(query, {{1}}, 10);
  EXPECT_TRUE(IsReplyTo(reply, query, 0x1234));
  EXPECT_TRUE(IsReplyTo(WithId(reply, 77), query, 77));
  EXPECT_FALSE(IsReplyTo(reply, query, 77));
  EXPECT_FALSE(IsReplyTo(kWeb, query, 0x1234));  // a query, no reply
  std::string other = reply;
  other[13] = 'w';  // case does not count
  EXPECT_TRUE(IsReplyTo(other, query, 0x1234));
  other[13] = 'x';
  EXPECT_FALSE(IsReplyTo(other, query, 0x1234));
  other = reply;
  other[18] = 28;  // the type does
  EXPECT_FALSE(IsReplyTo(other, query, 0x1234));
}

TEST(MessageTest, ReverseNames) {
  EXPECT_EQ(sys::ToString(ParseReverseName("2.0.99.10.in-addr.arpa").value()), "10.99.0.2");
  EXPECT_FALSE(ParseReverseName("0.99.10.in-addr.arpa").ok());
  EXPECT_FALSE(ParseReverseName("web").ok());
}

class AnswerTest : public ::testing::Test {
 protected:
  std::string Ask(const std::string& labels, char type, uint32_t asker = 0x0a630002) {
    const DnsDecision decision =
        Decide(table_, kGateway, Mapped(sys::Ipv4{asker}), Question(labels, type), turn_++);
    if (decision.kind == DnsDecision::Kind::kDrop) return "drop";
    if (decision.kind == DnsDecision::Kind::kForward) return "forward";
    const int code = decision.reply[3] & 15;
    if (code != 0) return "code " + std::to_string(code);
    if (decision.reply[7] == 0) return "no data";
    return "last byte " + std::to_string(decision.reply.back());
  }

  AnswerTest() {
    table_.SetHead("net", {{0x0a630001}, 24, {}, 64, false, "", {}});
    table_.SetHost("net", {{0x0a630002}, {}, "a", {"web"}, {}});
    table_.SetHost("net", {{0x0a630003}, {}, "b", {"db", "db.example"}, {}});
    table_.SetHost("net", {{0x0a630004}, {}, "c", {"db"}, {}});
  }

  static constexpr sys::Ipv6 kGateway = Mapped(sys::Ipv4{0x0a630001});
  ZoneTable table_;
  uint32_t turn_ = 0;
};

TEST_F(AnswerTest, TheRules) {
  EXPECT_EQ(Ask("\3web", 1), "last byte 2");
  EXPECT_EQ(Ask("\3WEB\7pelagos", 1), "last byte 2");
  EXPECT_EQ(Ask("\2db\7example", 1), "last byte 3");
  EXPECT_EQ(Ask("\3web", 28), "no data");
  EXPECT_EQ(Ask("\4mail", 1), "code 3");
  EXPECT_EQ(Ask("\4mail\7pelagos", 1), "code 3");
  EXPECT_EQ(Ask("\4mail\7example", 1), "forward");
  EXPECT_EQ(Ask("", 2), "forward");
  EXPECT_EQ(Ask("\3web", 1, 0x0a640002), "drop");
  EXPECT_EQ(Ask("\1"
                "9\1"
                "0\2"
                "99\2"
                "10\7in-addr\4arpa",
                12),
            "code 3");
  EXPECT_EQ(Ask("\1"
                "2\1"
                "0\2"
                "99\2"
                "10\7in-addr\4arpa",
                12),
            "last byte 0");
  EXPECT_EQ(Ask("\1"
                "2\1"
                "0\2"
                "98\2"
                "10\7in-addr\4arpa",
                12),
            "forward");
}

TEST_F(AnswerTest, SeveralTakeTurns) {
  const std::string first = Ask("\2db", 1), second = Ask("\2db", 1);
  EXPECT_NE(first, second);
  EXPECT_EQ(Ask("\2db", 1), first);
}

TEST_F(AnswerTest, BadMessagesGetShortAnswers) {
  const auto decide = [&](const std::string& message) {
    return Decide(table_, kGateway, Mapped(sys::Ipv4{0x0a630002}), message, 0);
  };
  EXPECT_EQ(decide("short").kind, DnsDecision::Kind::kDrop);
  EXPECT_EQ(decide(kWeb.substr(0, 14)).reply, Raw("\x12\x34\x81\1\0\0\0\0\0\0\0\0"));
  std::string chaos = kWeb;
  chaos.back() = 3;
  EXPECT_EQ(decide(chaos).reply[3] & 15, 5);
}

}  // namespace
}  // namespace pelagos::net
