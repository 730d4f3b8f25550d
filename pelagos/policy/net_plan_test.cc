#include "pelagos/policy/net_plan.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

template <typename B>
concept CanPublish = requires(B builder) {
  std::move(builder).template Publish<8080, 80>();
};
template <typename B>
concept CanPublishPortZero = requires(B builder) {
  std::move(builder).template Publish<0, 80>();
};

// Ports need a network first.
static_assert(!CanPublish<NetPlanBuilder<false>>);
static_assert(CanPublish<NetPlanBuilder<true>>);
static_assert(CanPublish<decltype(NetPlanBuilder().Join("shop-front"))>);
static_assert(!CanPublishPortZero<NetPlanBuilder<true>>);

static_assert(FindNetMode("bridge") == NetMode::kBridge);
static_assert(FindNetMode("none") == NetMode::kNone);
static_assert(FindNetMode("pasta") == NetMode::kPasta);
static_assert(!FindNetMode("overlay"));
static_assert(FindNetworkDriver("macvlan") == NetworkDriver::kMacvlan);
static_assert(!FindNetworkDriver("overlay"));

static_assert(IsNetworkName("web") && IsNetworkName("shop-web_1.lan"));
static_assert(!IsNetworkName("") && !IsNetworkName("a..b") && !IsNetworkName("a.") &&
              !IsNetworkName("a/b"));

static_assert(IsMacAddress("02:42:0a:63:00:02") && IsMacAddress("02:42:0A:63:00:02"));
static_assert(!IsMacAddress("01:42:0a:63:00:02") && !IsMacAddress("00:00:00:00:00:00"));
static_assert(!IsMacAddress("02:42:0a:63:00") && !IsMacAddress("02-42-0a-63-00-02"));

TEST(NetPlanTest, Builds) {
  const NetPlan plan = NetPlanBuilder().Join("shop-front", {"web"}).Publish<8080, 80>().Build();
  EXPECT_EQ(plan.mode, NetMode::kBridge);
  ASSERT_EQ(plan.attachments.size(), 1u);
  EXPECT_EQ(plan.attachments[0], (Attachment{"shop-front", {"web"}}));
  ASSERT_EQ(plan.ports.size(), 1u);
  EXPECT_EQ(plan.ports[0], (PortMapping{"127.0.0.1", 8080, 80, Protocol::kTcp}));
  EXPECT_EQ(NetProblem(plan), "");
  EXPECT_EQ(NetPlanBuilder().Build().mode, NetMode::kNone);
}

TEST(NetPlanTest, TheRunTimeDoorHasTheSameRules) {
  NetPlan plan;
  EXPECT_EQ(NetProblem(plan), "");
  plan.ports.push_back({});
  EXPECT_EQ(NetProblem(plan), "ports can be published only from a network");
  plan.mode = NetMode::kHost;
  EXPECT_EQ(NetProblem(plan), "ports can be published only from a network");
  plan.mode = NetMode::kBridge;
  EXPECT_EQ(NetProblem(plan), "a bridged container needs a network");
  plan.attachments.push_back({"n", {}});
  EXPECT_EQ(NetProblem(plan), "");
  plan.dns.servers = {"10.0.0.1"};
  EXPECT_EQ(NetProblem(plan), "");
  plan.dns = {};
  plan.ports.clear();
  plan.mode = NetMode::kNone;
  EXPECT_EQ(NetProblem(plan), "only a bridged container can join networks");
}

}  // namespace
}  // namespace pelagos
