#include "pelagos/cli/engine/inspect_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pelagos/plan/json.h"
#include "pelagos/plan/make_plan.h"
#include "pelagos/spec/json.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::cli {
namespace {

using container::Found;
using container::Status;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

const store::Roots kRoots = {"/data", "/run"};

Found Web() {
  Found found;
  found.id = std::string(64, 'a');
  found.name = "web";
  found.status = Status::kRunning;
  found.health = "healthy";
  found.state.init.pid = 17;
  found.state.monitor.pid = 16;
  found.state.started_at = "2026-03-04T11:57:00Z";
  found.state.addresses = {"10.99.0.2"};
  found.state.restarts = 2;
  store::ContainerRecord& record = found.record;
  record.id = found.id;
  record.created = "2026-03-04T11:56:00Z";
  record.spec.id = found.id;
  record.spec.name = "web";
  record.spec.image = "nginx";
  record.spec.arguments = {"-g", "daemon off;"};
  record.spec.env = {{"A", "1"}};
  record.spec.net.mode = NetMode::kBridge;
  record.spec.net.attachments = {{"front", {"www"}}};
  record.spec.net.ports = {{"127.0.0.1", 8080, 80, Protocol::kTcp}};
  found.ports = {{"127.0.0.1", 8080, 80, Protocol::kTcp}};
  record.spec.mounts = MountPlan().Volume("data", "/data"_path).Bind("/srv", "/srv"_path, true);
  record.spec.lifecycle.restart = {RestartWhen::kOnFailure, 3};
  record.spec.lifecycle.labels = {{"com.example.tier", "front"}};
  record.spec.stop_signal = 3;
  record.spec.capabilities.insert(Capability::kNetAdmin);
  record.spec.capabilities.erase(Capability::kMknod);
  record.image.reference = "docker.io/library/nginx:latest";
  record.image.digest = "sha256:1234";
  record.image.layers = {"/data/images/layers/1"};
  record.image.entrypoint = {"/entry"};
  record.image.exposed_ports = {"80/tcp", "443"};
  record.image.health = HealthCheck{.command = {"true"}};
  return found;
}

Json Of(const Found& found, ContainerDetails details = {absl::UnavailableError("not made")}) {
  return ContainerJson(kRoots, found, details);
}

TEST(ContainerJsonTest, DockersDocument) {
  ContainerDetails details = {absl::UnavailableError("not made")};
  details.endpoint = net::Endpoint{std::string(64, 'a'), NetMode::kBridge, {}, {}};
  net::Interface& inside = details.endpoint->interfaces.emplace_back();
  inside.name = "eth0";
  inside.network = "front";
  inside.address = sys::ParseIpv4("10.99.0.2").value();
  inside.address6 = sys::ParseIpv6("fd00::2").value();
  inside.mac = sys::MacOf(inside.address);
  inside.names = {"www", "web"};
  const Json json = Of(Web(), details);
  EXPECT_EQ(json["Id"], std::string(64, 'a'));
  EXPECT_EQ(json["Name"], "web");
  EXPECT_EQ(json["State"]["Status"], "running");
  EXPECT_EQ(json["State"]["Running"], true);
  EXPECT_EQ(json["State"]["Pid"], 17);
  EXPECT_EQ(json["State"]["Health"]["Status"], "healthy");
  EXPECT_EQ(json["State"]["FinishedAt"], "0001-01-01T00:00:00Z");
  EXPECT_EQ(json["Created"], "2026-03-04T11:56:00Z");
  EXPECT_EQ(json["Path"], "/entry");
  EXPECT_EQ(json["Args"], Json({"-g", "daemon off;"}));
  EXPECT_EQ(json["RestartCount"], 2);
  EXPECT_EQ(json["LogPath"], "/data/containers/" + std::string(64, 'a') + "/log");
  EXPECT_EQ(json["HostConfig"]["RestartPolicy"],
            Json({{"Name", "on-failure"}, {"MaximumRetryCount", 3}}));
  EXPECT_EQ(json["HostConfig"]["CapAdd"], Json::array({"CAP_NET_ADMIN"}));
  EXPECT_EQ(json["HostConfig"]["CapDrop"], Json::array({"CAP_MKNOD"}));
  EXPECT_EQ(json["HostConfig"]["Binds"], Json({"data:/data", "/srv:/srv:ro"}));
  EXPECT_EQ(json["HostConfig"]["NetworkMode"], "front");
  EXPECT_EQ(json["Mounts"][0]["Source"], "/data/volumes/data/data");
  EXPECT_EQ(json["Mounts"][1]["RW"], false);
  EXPECT_EQ(json["Config"]["Entrypoint"], Json::array({"/entry"}));
  EXPECT_EQ(json["Config"]["Cmd"], Json({"-g", "daemon off;"}));
  EXPECT_EQ(json["Config"]["StopSignal"], "SIGQUIT");
  EXPECT_EQ(json["Config"]["Labels"]["com.example.tier"], "front");
  EXPECT_EQ(json["Config"]["Healthcheck"]["Test"], Json({"CMD", "true"}));
  EXPECT_TRUE(json["Config"]["ExposedPorts"].contains("443/tcp"));
  EXPECT_EQ(json["NetworkSettings"]["IPAddress"], "10.99.0.2");
  const Json front = json["NetworkSettings"]["Networks"]["front"];
  EXPECT_EQ(front["IPAddress"], "10.99.0.2");
  EXPECT_EQ(front["GlobalIPv6Address"], "fd00::2");
  EXPECT_EQ(front["MacAddress"], "02:50:0a:63:00:02");
  EXPECT_EQ(front["Aliases"], Json({"www", "web"}));
  EXPECT_EQ(json["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"], "8080");
  EXPECT_EQ(json["NetworkSettings"]["Ports"]["443/tcp"], nullptr);
}

TEST(ContainerJsonTest, SpecAndPlanAreWhole) {
  Found web = Web();
  Diagnostics diags;
  auto plan = MakePlan(web.record.spec, web.record.image, web.record.user, HostFacts(), diags);
  ASSERT_TRUE(plan) << Render(SourceMap(), diags);
  const Json json = Of(web, {*plan, ContainerSize{5, 7}});
  EXPECT_EQ(*ContainerSpecFromJson(json["Spec"].dump()), web.record.spec);
  EXPECT_EQ(json["Plan"], Json::parse(ToJson(*plan)));
  EXPECT_FALSE(json.contains("PlanProblem"));
  EXPECT_EQ(json["SizeRw"], 5);
  EXPECT_EQ(json["SizeRootFs"], 7);
  EXPECT_EQ(Of(web)["PlanProblem"], "not made");
  EXPECT_EQ(Of(web)["Plan"], nullptr);
}

TEST(ContainerJsonTest, WhatDoesNotRunHasNoProcessAndNoAddress) {
  Found web = Web();
  web.status = Status::kLost;
  const Json json = Of(web);
  EXPECT_EQ(json["State"]["Status"], "lost");
  EXPECT_EQ(json["State"]["Lost"], true);
  EXPECT_EQ(json["State"]["Pid"], 0);
  EXPECT_EQ(json["NetworkSettings"]["IPAddress"], "");
  EXPECT_EQ(json["NetworkSettings"]["Ports"], Json::object());
}

TEST(ContainerJsonTest, HealthIsWhatTheProbesSay) {
  const Json json = Of(Web(), {.plan = absl::UnavailableError(""),
                               .health = "{\"Status\":\"unhealthy\",\"FailingStreak\":4}"});
  EXPECT_EQ(json["State"]["Health"]["FailingStreak"], 4);
}

TEST(ContainerJsonTest, WithoutARecord) {
  Found found;
  found.kind = container::Kind::kForeground;
  found.id = found.name = "foreign";
  found.has_record = false;
  found.status = Status::kRunning;
  const Json json = Of(found);
  EXPECT_EQ(json["Kind"], "foreground");
  EXPECT_EQ(json["State"]["Running"], true);
  EXPECT_FALSE(json.contains("Spec"));
}

TEST(FindByPathTest, NamesAndNumbers) {
  const Json json = Of(Web());
  EXPECT_EQ(*FindByPath(json, "State.Health.Status"), "healthy");
  EXPECT_EQ(*FindByPath(json, "Mounts.1.Source"), "/srv");
  EXPECT_EQ(*FindByPath(json, "Config.Labels.com.example.tier"), "front");
  EXPECT_EQ(*FindByPath(json, ""), json);
}

TEST(FindByPathTest, ErrorsSayWhatThereIs) {
  const Json json = Of(Web());
  const auto problem = [&](const char* path) {
    return std::string(FindByPath(json, path).status().message());
  };
  EXPECT_EQ(problem("State.Helth"), "'State.Helth': there is no 'Helth'; did you mean 'Health'?");
  EXPECT_THAT(problem("NetworkSettings.zzz"), HasSubstr("there are Ports, IPAddress, Networks"));
  EXPECT_EQ(problem("Mounts.2"), "'Mounts.2': there are 2 in the list, from 0; not '2'");
  EXPECT_EQ(problem("Name.x"), "'Name.x': there is no 'x'");
}

}  // namespace
}  // namespace pelagos::cli
