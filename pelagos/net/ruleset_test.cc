#include "pelagos/net/ruleset.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <sched.h>

#include <cerrno>
#include <cstring>

#include "pelagos/base/errno_status.h"
#include "pelagos/sys/net/netlink.h"

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
    sys::NftTransaction change(NFPROTO_IPV4, "pelagos-test");
    fill(change);
    return Commit(change);
  }
  std::vector<sys::NftTable> Tables() {
    sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_NETFILTER).value();
    return sys::ListNftTables(socket, NFPROTO_IPV4).value();
  }

  const NetworkRecord network_{"net", "test", sys::ParseSubnet("10.99.0.0/24").value(), "pg-0", {}};
  const PortRecord port_{"web", {"127.0.0.1", 8080, 80, Protocol::kTcp}, sys::Ipv4{0x0a630002}};
  const PortRecord any_{"web", {"0.0.0.0", 8080, 80, Protocol::kUdp}, sys::Ipv4{0x0a630002}};
};

TEST_F(RulesetTest, TheKernelTakesAllOfItAtOnce) {
  EXPECT_EQ(Change([&](sys::NftTransaction& change) {
              AddRuleset(change, "a test");
              AddBridgeElements(change, network_);
              AddPortElement(change, port_);
              AddPortElement(change, any_);
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
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Change([&](sys::NftTransaction& change) {
                AddBridgeElements(change, network_);
                AddPortElement(change, port_);
              }),
              absl::OkStatus());
  }
  PortRecord moved = port_;
  moved.target = sys::Ipv4{0x0a630003};
  const absl::Status taken =
      Change([&](sys::NftTransaction& change) { AddPortElement(change, moved); });
  EXPECT_FALSE(taken.ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Change([&](sys::NftTransaction& change) {
                DeleteBridgeElements(change, network_);
                DeletePortElement(change, port_);
              }),
              absl::OkStatus());
  }
  EXPECT_EQ(Change([&](sys::NftTransaction& change) { AddPortElement(change, moved); }),
            absl::OkStatus());
}

TEST_F(RulesetTest, AFailureChangesNothingAndSaysWhat) {
  const absl::Status status = Change([&](sys::NftTransaction& change) {
    change.AddTable("");
    AddPortElement(change, port_);
  });
  EXPECT_EQ(FindErrno(status), ENOENT);
  EXPECT_NE(status.message().find("adding an element of 'web' to 'ports'"), std::string::npos)
      << status;
  EXPECT_TRUE(Tables().empty());
}

}  // namespace
}  // namespace pelagos::net
