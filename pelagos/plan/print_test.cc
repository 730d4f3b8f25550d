// Whole plans are compared in tests/golden.
#include "pelagos/plan/print.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

TEST(PrintTest, AContainer) {
  LaunchPlan plan;
  plan.id = "web";
  plan.namespaces = {Namespace::kMount};
  plan.cgroup.v2 = "/cg/pelagos-web";
  plan.cgroup.limits = {{"/cg/pelagos-web/pids.max", "7"}};
  plan.net = NetPlanBuilder().Join("net", {"web", "w"}).Publish<8080, 80>().Build();
  plan.ops = {MountOverlayRoot{{"/top", "/base"}, "/u", "/w", "/mnt"},
              Exec{{"sh", "-c", "a b"}, {"A=x y"}}};
  plan.stop_signal = 3;
  EXPECT_EQ(Print(plan), R"(container web
  namespaces mount
  cgroup /cg/pelagos-web
  write 7 -> /cg/pelagos-web/pids.max
  network mode bridge
  eth0 on net as web, w
  publish 127.0.0.1:8080 -> 80/tcp (loopback)
   0  overlay of 2 layers, upper /u -> /mnt
        layer /top
        layer /base
   1  exec sh -c 'a b'
        env 'A=x y'
  stop with SIGQUIT, kill after 10 s
)");
}

TEST(PrintTest, AnEmptyStack) {
  ComposePlan plan;
  plan.project = "shop";
  plan.networks = {{"shop-net", "shop", ""}};
  plan.volumes = {"shop-data"};
  EXPECT_EQ(Print(plan), "project shop\nnetwork shop-net subnet from the pool\nvolume shop-data\n");
}

}  // namespace
}  // namespace pelagos
