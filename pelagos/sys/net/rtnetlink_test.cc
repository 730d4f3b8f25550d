#include "pelagos/sys/net/rtnetlink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "pelagos/base/errno_status.h"

namespace pelagos::sys {
namespace {

Fd CurrentNetns() { return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }

class RtnetlinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "unshare: " << std::strerror(errno);
    other_ = CurrentNetns();
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    here_ = CurrentNetns();
    ASSERT_TRUE(here_.valid() && other_.valid());
  }
  template <typename Fill>
  absl::Status Do(Fill fill, const Fd& netns) {
    MessageBatch batch;
    fill(batch);
    return NetlinkSocket::OpenIn(NETLINK_ROUTE, netns).value().Execute(batch);
  }
  std::optional<Link> Find(const std::string& name, const Fd& netns) {
    NetlinkSocket socket = NetlinkSocket::OpenIn(NETLINK_ROUTE, netns).value();
    return FindLink(socket, name).value();
  }

  Fd here_, other_;
};

TEST_F(RtnetlinkTest, BridgeAndVethAcrossNamespaces) {
  const Ipv4 gateway{0x0a630001}, address{0x0a630002};
  ASSERT_EQ(Do(
                [&](MessageBatch& batch) {
                  AddBridge(batch, "pg-0", MacOf(gateway));
                  SetAlias(batch, "pg-0", "a network");
                },
                here_),
            absl::OkStatus());
  const std::optional<Link> bridge = Find("pg-0", here_);
  ASSERT_TRUE(bridge.has_value());
  EXPECT_EQ(bridge->kind, "bridge");
  EXPECT_EQ(bridge->alias, "a network");
  EXPECT_FALSE(bridge->up);

  ASSERT_EQ(
      Do(
          [&](MessageBatch& batch) {
            AddAddress(batch, bridge->index, gateway, 24);
            sys::SetUp(batch, bridge->index, "pg-0");
            AddVeth(batch, {"pv-0", "a container", bridge->index, "eth0", MacOf(address)}, other_);
          },
          here_),
      absl::OkStatus());
  EXPECT_TRUE(Find("pg-0", here_)->up);
  const std::optional<Link> veth = Find("pv-0", here_);
  ASSERT_TRUE(veth.has_value());
  EXPECT_EQ(veth->master, bridge->index);
  EXPECT_EQ(veth->alias, "a container");
  EXPECT_TRUE(veth->up);
  EXPECT_FALSE(Find("eth0", here_).has_value());
  const std::optional<Link> inside = Find("eth0", other_);
  ASSERT_TRUE(inside.has_value());
  EXPECT_EQ(inside->kind, "veth");

  EXPECT_EQ(Do(
                [&](MessageBatch& batch) {
                  sys::SetUp(batch, inside->index, "eth0");
                  AddAddress(batch, inside->index, address, 24);
                  AddDefaultRoute(batch, inside->index, gateway);
                },
                other_),
            absl::OkStatus());
  NetlinkSocket socket = NetlinkSocket::OpenIn(NETLINK_ROUTE, other_).value();
  const std::vector<Route> routes = ListRoutes(socket).value();
  const auto has = [&](absl::string_view subnet) {
    return std::any_of(routes.begin(), routes.end(), [&](const Route& route) {
      return ToString(route.destination) == subnet && route.interface == inside->index;
    });
  };
  EXPECT_TRUE(has("0.0.0.0/0"));
  EXPECT_TRUE(has("10.99.0.0/24"));

  EXPECT_EQ(Do([](MessageBatch& batch) { DeleteLink(batch, "pv-0"); }, here_), absl::OkStatus());
  EXPECT_FALSE(Find("eth0", other_).has_value());
}

TEST_F(RtnetlinkTest, ErrorsSayWhatWasTried) {
  const auto bridge = [](MessageBatch& batch) { AddBridge(batch, "pg-0", MacOf({1})); };
  ASSERT_EQ(Do(bridge, here_), absl::OkStatus());
  const absl::Status twice = Do(bridge, here_);
  EXPECT_EQ(FindErrno(twice), EEXIST);
  EXPECT_EQ(twice.message().find("creating bridge 'pg-0': File exists"), 0u) << twice;
  const absl::Status missing = Do([](MessageBatch& batch) { DeleteLink(batch, "no"); }, here_);
  EXPECT_EQ(FindErrno(missing), ENODEV);
  // The kernel's own words.
  const absl::Status route =
      Do([&](MessageBatch& batch) { AddDefaultRoute(batch, Find("pg-0", here_)->index, {77}); },
         here_);
  EXPECT_NE(route.message().find("("), std::string::npos) << route;
}

TEST_F(RtnetlinkTest, TheThreadComesBack) {
  const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(NetlinkSocket::OpenIn(NETLINK_ROUTE, file).ok());
  ASSERT_TRUE(NetlinkSocket::OpenIn(NETLINK_ROUTE, other_).ok());
  struct stat before = {}, after = {};
  ASSERT_EQ(::fstat(here_.get(), &before), 0);
  ASSERT_EQ(::stat("/proc/thread-self/ns/net", &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

}  // namespace
}  // namespace pelagos::sys
