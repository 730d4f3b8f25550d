#include "pelagos/plan/make_compose_plan.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

ServiceSpec Service(const std::string& name, std::vector<std::string> needed = {}) {
  ServiceSpec service;
  service.name = name;
  service.container.image = "busybox";
  service.networks = {"net"};
  for (std::string& other : needed) service.depends_on.push_back({std::move(other), 80, {}});
  return service;
}

ComposeSpec Stack() {
  ComposeSpec spec;
  spec.services = {Service("web", {"db"}), Service("db")};
  spec.services[1].container.mounts = MountPlan().Volume("data", "/data"_path);
  spec.networks = {{"net", "10.5.0.0/24", {}}};
  spec.volumes = {{"data", {}}};
  return spec;
}

std::map<std::string, ServiceImage> Images(const ComposeSpec& spec) {
  std::map<std::string, ServiceImage> images;
  for (const ServiceSpec& service : spec.services) {
    images[service.name].image.layers = {"/layer"};
    images[service.name].image.cmd = {"sh"};
  }
  return images;
}

TEST(MakeComposePlanTest, OrderAndNamesOfTheProject) {
  const ComposeSpec spec = Stack();
  Diagnostics diags;
  const auto plan = MakeComposePlan("shop", spec, Images(spec), {}, diags);
  ASSERT_TRUE(plan.has_value()) << Render({}, diags);
  EXPECT_EQ(plan->project, "shop");
  EXPECT_EQ(plan->networks, (std::vector<NetworkPlan>{{"shop-net", "shop", "10.5.0.0/24"}}));
  EXPECT_EQ(plan->volumes, std::vector<std::string>{"shop-data"});
  ASSERT_EQ(plan->services.size(), 2u);
  EXPECT_EQ(plan->services[0].name, "db");
  EXPECT_EQ(plan->services[0].launch.id, "shop-db");
  EXPECT_EQ(plan->services[1].depends_on, (std::vector<Dependency>{{"db", 80, {}}}));
  EXPECT_EQ(plan->services[1].launch.net.attachments,
            (std::vector<Attachment>{{"shop-net", {"web", "shop-web"}}}));
  // A volume is found by its project's name.
  bool bound = false;
  for (const Op& op : plan->services[0].launch.ops) {
    const auto* bind = std::get_if<BindMount>(&op);
    bound = bound || (bind != nullptr && bind->source == "/var/lib/pelagos/volumes/shop-data/data");
  }
  EXPECT_TRUE(bound);
}

TEST(MakeComposePlanTest, MistakesOfAllServicesAtOnce) {
  ComposeSpec spec = Stack();
  spec.services[0].container.workdir = "rel";
  spec.services[1].container.cgroup.memory_bytes = 64_MiB;  // the host has no cgroups
  Diagnostics diags;
  EXPECT_EQ(MakeComposePlan("shop", spec, Images(spec), {}, diags), std::nullopt);
  EXPECT_EQ(diags.errors(), 2u);
}

TEST(MakeComposePlanTest, NothingIsAPlanToo) {
  Diagnostics diags;
  const auto plan = MakeComposePlan("shop", {}, {}, {}, diags);
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(plan->services.empty());
}

}  // namespace
}  // namespace pelagos
