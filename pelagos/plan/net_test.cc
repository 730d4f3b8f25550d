#include "pelagos/plan/net.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

using Names = std::vector<std::string>;

TEST(NetTest, ContainersAreFoundByTheirName) {
  ContainerSpec spec;
  spec.name = "shop-web";
  spec.net = NetPlanBuilder().Join("front", {"web"}).Join("back").Build();
  NetPlan net = PlanNet(spec, {});
  EXPECT_EQ(net.attachments[0].aliases, (Names{"web", "shop-web"}));
  EXPECT_EQ(net.attachments[1].aliases, (Names{"shop-web"}));
  spec.id = std::string(64, 'a');
  spec.net.attachments[0].aliases = {"shop-web"};
  net = PlanNet(spec, {});
  EXPECT_EQ(net.attachments[0].aliases, (Names{"shop-web", "aaaaaaaaaaaa"}));
  spec.name = std::string(64, 'n');  // no name server could know it
  spec.id.clear();
  EXPECT_EQ(PlanNet(spec, {}).attachments[1].aliases, Names());
}

TEST(NetTest, ExposedPortsGetFreeOnesOfTheHost) {
  ContainerSpec spec;
  spec.net = NetPlanBuilder().Join("front").Publish<8080, 80>().Build();
  ResolvedImage image;
  image.exposed_ports = {"80/tcp", "53/UDP", "9/sctp", "443", "x", "0/tcp"};
  EXPECT_EQ(PlanNet(spec, image).ports, spec.net.ports);
  spec.net.publish_exposed = true;
  const NetPlan net = PlanNet(spec, image);
  ASSERT_EQ(net.ports.size(), 3u);
  EXPECT_EQ(Describe(net.ports[1]), "127.0.0.1:any -> 53/udp");
  EXPECT_EQ(Describe(net.ports[2]), "127.0.0.1:any -> 443/tcp");
}

}  // namespace
}  // namespace pelagos
