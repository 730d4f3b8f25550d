#include "pelagos/net/dns/message.h"

#include <gtest/gtest.h>

#include "pelagos/net/dns/mapped.h"

namespace pelagos::net {
namespace {

template <size_t kSize>
std::string Raw(const char (&text)[kSize]) {
  return std::string(text, kSize - 1);
}

const std::string kWeb = Raw("\x12\x34\x01\0\0\1\0\0\0\0\0\0\3WeB\0\0\1\0\1");
const std::string kWebEdns =
    Raw("\x12\x34\x01\0\0\1\0\0\0\0\0\1\3WeB\0\0\1\0\1\0\0\x29\x10\0\0\0\0\0\0\0");

sys::Ipv6 V4(uint32_t bits) { return Mapped(sys::Ipv4{bits}); }

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
  EXPECT_EQ(WriteAddresses(query, {V4(0x0a630002), V4(0x0a630003)}, 10),
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

TEST(MessageTest, BothFamiliesAreWritten) {
  const DnsQuery query = *ParseDnsQuery(kWeb);
  EXPECT_EQ(WriteAddresses(query, {sys::ParseIpv6("fd00:1::2").value(), V4(0x0a630002)}, 10),
            Raw("\x12\x34\x85\x80\0\1\0\2\0\0\0\0\3WeB\0\0\1\0\1"
                "\xc0\x0c\0\x1c\0\1\0\0\0\x0a\0\x10\xfd\0\0\1\0\0\0\0\0\0\0\0\0\0\0\2"
                "\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4\x0a\x63\0\2"));
}

TEST(MessageTest, AnswersFit) {
  const std::vector<sys::Ipv6> many(1000, V4(0x0a630002));
  DnsQuery query = *ParseDnsQuery(kWeb);
  std::string answer = WriteAddresses(query, many, 10);
  EXPECT_LE(answer.size(), 512u);
  EXPECT_GT(answer.size(), 480u);
  EXPECT_TRUE(IsTruncated(answer));
  answer = WriteAddresses(*ParseDnsQuery(kWebEdns), many, 10);
  EXPECT_LE(answer.size(), 1232u);
  EXPECT_GT(answer.size(), 1200u);
  EXPECT_TRUE(IsTruncated(answer));
  query.max_size = kLargestDnsMessage;
  answer = WriteAddresses(query, many, 10);
  EXPECT_EQ(answer.size(), 21 + 16 * many.size());
  EXPECT_FALSE(IsTruncated(answer));
  answer = WriteAddresses(query, std::vector<sys::Ipv6>(5000, V4(1)), 10);
  EXPECT_LE(answer.size(), kLargestDnsMessage);
  EXPECT_TRUE(IsTruncated(answer));
}

TEST(MessageTest, ExtensionsAreRead) {
  EXPECT_TRUE(ParseDnsQuery(kWeb)->plain);
  EXPECT_TRUE(ParseDnsQuery(kWebEdns)->plain);
  EXPECT_NE(ParseDnsQuery(kWeb)->flags, ParseDnsQuery(kWebEdns)->flags);
  std::string message = kWebEdns;
  message[message.size() - 4] = '\x80';  // DO
  EXPECT_NE(ParseDnsQuery(message)->flags, ParseDnsQuery(kWebEdns)->flags);
  message = kWebEdns;
  message[message.size() - 5] = 1;
  EXPECT_EQ(ParseDnsQuery(message)->edns_version, 1);
  EXPECT_EQ(WriteBadVersion(*ParseDnsQuery(message)),
            Raw("\x12\x34\x81\x80\0\1\0\0\0\0\0\1\3WeB\0\0\1\0\1\0\0\x29\x04\xd0\1\0\0\0\0\0"));
  message = kWebEdns;
  message.back() = 4;
  message += Raw("\0\x0a\0\0");  // an option
  EXPECT_FALSE(ParseDnsQuery(message)->plain);
  message = kWebEdns + kWebEdns.substr(kWebEdns.size() - 11);
  message[11] = 2;
  EXPECT_TRUE(absl::IsDataLoss(ParseDnsQuery(message).status()));
  EXPECT_FALSE(ParseDnsQuery(kWeb + "rest").ok() && ParseDnsQuery(kWeb + "rest")->plain);
}

TEST(MessageTest, RepliesBelongToQuestions) {
  const DnsQuery query = *ParseDnsQuery(kWeb);
  const std::string reply = WriteAddresses(query, {V4(1)}, 10);
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
  EXPECT_EQ(ParseReverseName("2.0.99.10.in-addr.arpa").value(), V4(0x0a630002));
  EXPECT_EQ(sys::ToString(ParseReverseName("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
                                           "1.0.0.0.f.e.d.c.ip6.arpa")
                              .value()),
            "cdef:1::2");
  for (const char* name :
       {"0.99.10.in-addr.arpa", "web", "ip6.arpa", "2.0.ip6.arpa",
        "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.f.e.d.g.ip6.arpa",
        "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.f.e.dxc.ip6.arpa"}) {
    EXPECT_FALSE(ParseReverseName(name).ok()) << name;
  }
}

// An answer of a resolver to kWeb: one A record with that TTL, and what follows it.
std::string Answer(uint8_t ttl, uint8_t code = 0, bool answer = true,
                   const std::string& more = "") {
  std::string message = Raw("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3wEb\0\0\1\0\1");
  message[3] = static_cast<char>(0x80 | code);
  message[7] = answer ? 1 : 0;
  if (answer) {
    message += Raw("\xc0\x0c\0\1\0\1\0\0\0") + static_cast<char>(ttl) + Raw("\0\4\x0a\x63\0\2");
  }
  message[9] = more.empty() ? 0 : 1;
  return message + more;
}

// Its record's TTL is 90, what it says of missing names 20.
const std::string kSoa =
    Raw("\0\0\6\0\1\0\0\0\x5a\0\x16\0\0"
        "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\x14");

TEST(MessageTest, AnswersLiveAsLongAsTheySay) {
  DnsLifetime life = LifetimeOf(Answer(60));
  EXPECT_EQ(life.seconds, 60u);
  ASSERT_EQ(life.ttl_offsets.size(), 1u);
  std::string aged = Answer(60);
  Age(aged, life.ttl_offsets, 25);
  EXPECT_EQ(aged, Answer(35));
  Age(aged, life.ttl_offsets, 100);
  EXPECT_EQ(aged, Answer(0));
  EXPECT_EQ(LifetimeOf(Answer(0)).seconds, 0u);
  EXPECT_EQ(LifetimeOf(Answer(60, 2)).seconds, 0u);
  EXPECT_EQ(LifetimeOf(Answer(60, 0, false)).seconds, 0u);  // no SOA
  EXPECT_EQ(LifetimeOf(Answer(60, 0, false, kSoa)).seconds, 20u);
  EXPECT_EQ(LifetimeOf(Answer(60, 3, false, kSoa)).seconds, 20u);
  EXPECT_EQ(LifetimeOf(Answer(60, 0, true, kSoa)).seconds, 60u);
  EXPECT_EQ(LifetimeOf(Answer(60, 0, true, kSoa)).ttl_offsets.size(), 2u);
  const std::string whole = Answer(60, 0, true, kSoa);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(LifetimeOf(whole.substr(0, size)).seconds, 0u) << size;
  }
  std::string cut = whole;
  cut[2] = static_cast<char>(cut[2] | 2);
  EXPECT_EQ(LifetimeOf(cut).seconds, 0u);
}

TEST(MessageTest, RepliesAreFitted) {
  DnsQuery query = *ParseDnsQuery(kWeb);
  query.id = 0x4321;
  std::string reply = FitReply(Answer(60), query);
  std::string wanted = Answer(60);
  wanted.replace(0, 2, "\x43\x21");
  wanted.replace(13, 3, "WeB");
  EXPECT_EQ(reply, wanted);
  query.max_size = 30;
  EXPECT_EQ(FitReply(Answer(60), query), Raw("\x43\x21\x83\x80\0\1\0\0\0\0\0\0\3WeB\0\0\1\0\1"));
}

}  // namespace
}  // namespace pelagos::net
