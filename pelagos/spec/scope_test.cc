#include "pelagos/spec/scope.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

ServiceSpec Service(const std::string& name, std::vector<std::string> networks = {}) {
  ServiceSpec service;
  service.name = name;
  service.container.image = "busybox";
  service.networks = std::move(networks);
  return service;
}

TEST(CompletedTest, AStackWithoutNetworksGetsOne) {
  ComposeSpec spec;
  spec.services = {Service("a"), Service("b")};
  const ComposeSpec completed = Completed(spec);
  ASSERT_EQ(completed.networks.size(), 1u);
  EXPECT_EQ(completed.networks[0].name, "default");
  EXPECT_EQ(completed.services[1].networks, std::vector<std::string>{"default"});
  EXPECT_EQ(Completed(completed), completed);
}

TEST(CompletedTest, AServiceWithoutNetworkJoinsTheFirst) {
  ComposeSpec spec;
  spec.networks = {{"front", "", {}}, {"back", "", {}}};
  spec.services = {Service("a"), Service("b", {"back"})};
  const ComposeSpec completed = Completed(spec);
  EXPECT_EQ(completed.networks.size(), 2u);
  EXPECT_EQ(completed.services[0].networks, std::vector<std::string>{"front"});
  EXPECT_EQ(completed.services[1].networks, std::vector<std::string>{"back"});
}

// The network it names is missing: an error of CheckCompose, nothing to invent.
TEST(CompletedTest, ANamedNetworkIsNotInvented) {
  ComposeSpec spec;
  spec.services = {Service("a", {"bakc"}), Service("b")};
  EXPECT_EQ(Completed(spec), spec);
}

TEST(CompletedTest, NothingComesOfNothing) { EXPECT_EQ(Completed({}), ComposeSpec{}); }

TEST(ScopeServiceTest, GivesTheProjectsNames) {
  ServiceSpec service = Service("web", {"front", "back"});
  service.container.mounts = MountPlan().Volume("data", "/d"_path).Bind("/srv", "/s"_path);
  service.container.net.ports.push_back({"127.0.0.1", 8080, 80, Protocol::kTcp});
  const ContainerSpec container = ScopeService("shop", service);
  EXPECT_EQ(container.name, "shop-web");
  EXPECT_EQ(container.hostname, "shop-web");
  EXPECT_EQ(container.mounts.mounts()[0].source, "shop-data");
  EXPECT_EQ(container.mounts.mounts()[1].source, "/srv");
  EXPECT_EQ(container.net.mode, NetMode::kBridge);
  EXPECT_EQ(container.net.attachments,
            (std::vector<Attachment>{{"shop-front", {"web"}}, {"shop-back", {"web"}}}));
  EXPECT_EQ(container.net.ports, service.container.net.ports);
}

TEST(ScopeServiceTest, AHostnameMustFitTheKernel) {
  const std::string project(60, 'p');
  EXPECT_EQ(ScopeService(project, Service("web")).hostname, project + "-web");
  EXPECT_EQ(ScopeService(project, Service("store")).hostname, "store");
}

}  // namespace
}  // namespace pelagos
