#include "pelagos/sys/net/nftables_list.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <sched.h>

#include <cerrno>
#include <cstring>

#include "pelagos/sys/net/nftables.h"

namespace pelagos::sys {
namespace {

// What is written comes back, in a network namespace of the test's own.
class NftablesListTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "unshare: " << std::strerror(errno);
    Change([](NftTransaction& change) {
      change.AddTable("whose it is");
      change.AddSet({"names", {NftType::kInterface}, {}});
      change.AddElement("names", std::string("eth0") + std::string(12, '\0'), "", "first");
      change.AddElement("names", std::string("eth1") + std::string(12, '\0'), "", "");
      change.AddChain({"forward", "filter", NF_INET_FORWARD, -150});
      change.AddChain({"nat", "nat", NF_INET_POST_ROUTING, 100});
      change.AddRule("forward", [](NftRule& rule) {
        rule.MatchMark(1);
        rule.Drop();
      });
      change.AddRule("forward", [](NftRule& rule) { rule.Accept(); });
      change.AddRule("forward", [](NftRule& rule) { rule.RejectNoRoute(); });
      change.AddRule("forward", [](NftRule& rule) { rule.Drop(); });
    });
  }
  template <typename Fill>
  void Change(Fill fill) {
    NetlinkSocket socket = NetlinkSocket::Open(NETLINK_NETFILTER).value();
    NftTransaction change(NFPROTO_INET, "one");
    fill(change);
    ASSERT_EQ(change.Commit(socket), absl::OkStatus());
  }
  std::vector<NftListedRule> Rules(const std::string& chain = "forward") {
    NetlinkSocket socket = NetlinkSocket::Open(NETLINK_NETFILTER).value();
    return ListNftRules(socket, NFPROTO_INET, "one", chain).value();
  }
};

TEST_F(NftablesListTest, TablesAndChains) {
  NetlinkSocket socket = NetlinkSocket::Open(NETLINK_NETFILTER).value();
  const std::vector<NftTable> tables = ListNftTables(socket, NFPROTO_INET).value();
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].name, "one");
  EXPECT_EQ(tables[0].comment, "whose it is");
  const std::vector<NftFilterChain> chains = ListNftFilterChains(socket).value();
  ASSERT_EQ(chains.size(), 1u);  // not the one of type nat
  EXPECT_EQ(chains[0].family, NFPROTO_INET);
  EXPECT_EQ(chains[0].table, "one");
  EXPECT_EQ(chains[0].name, "forward");
  EXPECT_EQ(chains[0].hook, uint32_t{NF_INET_FORWARD});
  EXPECT_EQ(chains[0].priority, -150);
  EXPECT_FALSE(chains[0].drops);
}

TEST_F(NftablesListTest, WhichRulesStopEverything) {
  const std::vector<NftListedRule> rules = Rules();
  ASSERT_EQ(rules.size(), 4u);
  EXPECT_FALSE(rules[0].stops);  // only marked packets
  EXPECT_FALSE(rules[1].stops);
  EXPECT_TRUE(rules[2].stops);
  EXPECT_TRUE(rules[3].stops);
}

TEST_F(NftablesListTest, ARuleAtTheHeadIsFoundByItsComment) {
  const size_t before = Rules().size();
  Change([](NftTransaction& change) {
    change.InsertRule("forward", "mine", [](NftRule& rule) { rule.Accept(); });
  });
  ASSERT_EQ(Rules().size(), before + 1);
  EXPECT_EQ(Rules()[0].comment, "mine");
  EXPECT_EQ(Rules()[1].comment, "");
  const uint64_t handle = Rules()[0].handle;
  Change([&](NftTransaction& change) { change.DeleteRule("forward", handle); });
  EXPECT_EQ(Rules().size(), before);
  EXPECT_EQ(Rules()[0].comment, "");
}

TEST_F(NftablesListTest, ElementsWithTheirComments) {
  NetlinkSocket socket = NetlinkSocket::Open(NETLINK_NETFILTER).value();
  const std::vector<NftElement> elements =
      ListNftElements(socket, NFPROTO_INET, "one", "names").value();
  ASSERT_EQ(elements.size(), 2u);
  for (const NftElement& element : elements) {
    ASSERT_EQ(element.key.size(), 16u);
    EXPECT_EQ(element.comment, element.key.substr(0, 4) == "eth0" ? "first" : "");
  }
}

TEST_F(NftablesListTest, WhatIsNotThereIsEmpty) {
  NetlinkSocket socket = NetlinkSocket::Open(NETLINK_NETFILTER).value();
  EXPECT_TRUE(Rules("other").empty());
  EXPECT_TRUE(ListNftRules(socket, NFPROTO_INET, "two", "forward").value().empty());
  EXPECT_TRUE(ListNftElements(socket, NFPROTO_INET, "one", "other").value().empty());
  EXPECT_TRUE(ListNftTables(socket, NFPROTO_IPV4).value().empty());
}

}  // namespace
}  // namespace pelagos::sys
