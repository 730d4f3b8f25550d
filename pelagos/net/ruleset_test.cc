#include "pelagos/net/ruleset.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "pelagos/base/errno_status.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/nftables_list.h"

namespace pelagos::net {
namespace {

// The kernel itself judges the messages, in a network namespace of the test's own.
class RulesetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "unshare: " << std::strerror(errno);
  }
  absl::Status Commit(sys::NftTransaction& change) {
    sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_NETFILTER).value();
    return change.Commit(socket);
  }
  template <typename Fill>
  absl::Status Change(Fill fill) {
    sys::NftTransaction change(kTableFamily, "pelagos-test");
    fill(change);
    return Commit(change);
  }
  std::vector<sys::NftTable> Tables() {
    sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_NETFILTER).value();
    return sys::ListNftTables(socket, kTableFamily).value();
  }

  // The rules as nft reads them.
  std::string Listed() {
    std::string text;
    FILE* pipe = ::popen("/usr/sbin/nft list ruleset", "re");
    EXPECT_NE(pipe, nullptr);
    if (pipe == nullptr) return text;
    char piece[4096];
    while (size_t size = std::fread(piece, 1, sizeof(piece), pipe)) text.append(piece, size);
    EXPECT_EQ(::pclose(pipe), 0);
    return text;
  }

  const sys::Ipv4 web_{0x0a630002}, one_{0x7f000001};
  const sys::Ipv6 web6_ = sys::ParseIpv6("fd00::2").value(),
                  one6_ = sys::ParseIpv6("2001:db8::1").value();
  const PortRule port_{"web", Protocol::kTcp, one_, 8080, web_, 80};
  const Rules rules_{
      {{"pg-0", "net"}, {"pg-1", "closed", true, false}, {"pg-2", "six", false, true}},
      {port_,
       {"web", Protocol::kUdp, sys::Ipv4(), 8080, web_, 80},
       {"web", Protocol::kTcp, one6_, 8080, web6_, 80},
       {"web", Protocol::kUdp, sys::Ipv6(), 8080, web6_, 80}}};
};

TEST_F(RulesetTest, TheKernelTakesAllOfItAtOnce) {
  EXPECT_EQ(Change([&](sys::NftTransaction& change) {
              AddRuleset(change, "a test");
              AddElements(change, rules_);
            }),
            absl::OkStatus());
  ASSERT_EQ(Tables().size(), 1u);
  EXPECT_EQ(Tables()[0].name, "pelagos-test");
  EXPECT_EQ(Tables()[0].comment, "a test");
  EXPECT_EQ(Change([](sys::NftTransaction& change) { change.DeleteTable(); }), absl::OkStatus());
  EXPECT_TRUE(Tables().empty());
}

TEST_F(RulesetTest, ElementsAreAddedAndDeletedAnyNumberOfTimes) {
  ASSERT_EQ(Change([](sys::NftTransaction& change) { AddRuleset(change, ""); }), absl::OkStatus());
  const std::string before = Listed();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Change([&](sys::NftTransaction& change) { AddElements(change, rules_); }),
              absl::OkStatus());
  }
  PortRule moved = port_;
  moved.target = sys::Ipv4{0x0a630003};
  const absl::Status taken = Change([&](sys::NftTransaction& change) {
    AddElements(change, {{}, {moved}});
  });
  EXPECT_FALSE(taken.ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Change([&](sys::NftTransaction& change) { DeleteElements(change, rules_); }),
              absl::OkStatus());
  }
  EXPECT_EQ(Listed(), before);
  EXPECT_EQ(Change([&](sys::NftTransaction& change) {
              AddElements(change, {{}, {moved}});
            }),
            absl::OkStatus());
}

TEST_F(RulesetTest, ReadsWellInNft) {
  ASSERT_EQ(Change([&](sys::NftTransaction& change) {
              AddRuleset(change, "a test");
              AddElements(change, rules_);
            }),
            absl::OkStatus());
  const std::string listed = Listed();
  for (const char* line : {
           "table inet pelagos-test {",
           "comment \"a test\"",
           "elements = { \"pg-1\" comment \"closed\" }",
           "elements = { \"pg-2\" comment \"six\" }",
           "elements = { 127.0.0.1 . tcp . 8080 comment \"web\" : 10.99.0.2 . 80 }",
           "elements = { udp . 8080 comment \"web\" : 10.99.0.2 . 80 }",
           "elements = { 2001:db8::1 . tcp . 8080 comment \"web\" : fd00::2 . 80 }",
           "elements = { udp . 8080 comment \"web\" : fd00::2 . 80 }",
           "ip saddr 127.0.0.0/8 iifname @bridges drop",
           "ip6 daddr ::1 accept",
           "ip6 saddr fe80::/10 accept",
           "dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports6",
           "iifname @nat66 oifname != @bridges masquerade",
           "iifname @internal drop",
           "fib daddr type != local reject with icmpx no-route",
           "udp dport 53 fib daddr . iif type local meta mark set meta mark | 0x01000000 accept",
       }) {
    EXPECT_NE(listed.find(line), std::string::npos) << line << "\nis not in\n" << listed;
  }
}

TEST_F(RulesetTest, AFailureChangesNothingAndSaysWhat) {
  const absl::Status status = Change([&](sys::NftTransaction& change) {
    change.AddTable("");
    AddElements(change, {{}, {port_}});
  });
  EXPECT_EQ(FindErrno(status), ENOENT);
  EXPECT_NE(status.message().find("adding an element of 'web' to 'ports'"), std::string::npos)
      << status;
  EXPECT_TRUE(Tables().empty());
}

}  // namespace
}  // namespace pelagos::net
