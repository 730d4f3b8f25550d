#include "pelagos/spec/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pelagos {
namespace {

using ::testing::HasSubstr;

// Every field differs from its default.
ContainerSpec Full() {
  ContainerSpec spec;
  spec.name = "web";
  spec.hostname = "host";
  spec.image = "busybox:1";
  spec.rootfs = "/srv/root";
  spec.command = {"sh", "-c", "echo \"\xc3\xa4\"\n"};
  spec.env = {{"B", "2"}, {"A", ""}};
  spec.workdir = "/w";
  spec.user = "1000:1000";
  spec.mounts =
      MountPlan().Bind("./rel", "/b"_path, true).Volume("data", "/v"_path).Tmpfs("/t"_path);
  spec.net = NetPlanBuilder().Join("n", {"web", "w"}).Publish<8080, 80>().Build();
  spec.net.ports.push_back({"0.0.0.0", 53, 53, Protocol::kUdp});
  spec.cgroup = {~uint64_t{0}, 50000, 100};
  spec.cgroup.memory_reservation_bytes = 5;
  spec.cgroup.memory_swap_bytes = 6;
  spec.cgroup.memory_swappiness = 0;
  spec.cgroup.oom_kill_disable = true;
  spec.cgroup.cpu_period_microseconds = 5000;
  spec.cgroup.cpu_shares = 9;
  spec.cgroup.cpus = {{0, 3}, {8, 8}};
  spec.cgroup.memory_nodes = {{1, 1}};
  spec.cgroup.io_weight = 10;
  spec.cgroup.io = {{IoLimitKind::kReadBps, "/dev/a b:c", 7}};
  spec.cgroup.hugetlb = {{2_MiB, 0}, {1_GiB, 4_GiB}};
  spec.cgroup.settings = {{"io.max", "8:0 rbps=1"}};
  spec.cgroup.device_rules = {{DeviceType::kBlock, 8, DeviceRule::kAny, kDeviceRead}};
  spec.cgroup.parent = "a/b";
  spec.cgroup.best_effort = true;
  spec.namespaces = Namespaces<Namespace::kMount, Namespace::kTime>();
  spec.ids = {{{0, 100000, 65536}, {70000, 5, 1}}, {{0, 200000, 65536}}};
  spec.time = {TimeOffset{-2, 500000000}, TimeOffset{3600, 0}};
  spec.capabilities = {"sys-admin"_cap};
  spec.seccomp.profile = SeccompProfile::kUnconfined;
  spec.no_new_privileges = false;
  spec.read_only = true;
  spec.stop_grace_seconds = 99;
  Mount mount = {MountKind::kBind, "/s", "/full", true};
  mount.options.propagation = Propagation::kSlave;
  mount.options.recursion = BindRecursion::kWritable;
  mount.options.nosuid = true;
  mount.options.nodev = false;
  mount.options.subpath = "a";
  mount.options.ids = {{{0, 1000, 10}}, {{0, 5, 1}, {7, 8, 9}}};
  mount.options.tmpfs = {1 << 20, 7, 0700, 5, 6};
  mount.options.make_source = true;
  mount.options.relabel = true;
  spec.mounts.push_back(mount);
  spec.shm_bytes = 1 << 20;
  spec.mask_paths = false;
  spec.masked_paths = {"/sys/kernel", "/etc/secret"};
  spec.devices = {{"/dev/fuse", "/dev/fuse", "rw"}, {"/dev/a", "/dev/b", "m", 0600, 1, 2}};
  spec.groups = {"audio", "44"};
  spec.domainname = "example";
  spec.joins = {{Namespace::kIpc, "/proc/1/ns/ipc"}, {Namespace::kPid, "/x"}};
  spec.init = true;
  spec.terminal = true;
  spec.umask = 027;
  spec.process_capabilities = {{"kill"_cap}, {}, {"chown"_cap, "kill"_cap}, {"mknod"_cap}};
  spec.named_capabilities = {"sys-admin"_cap};
  spec.ambient_capabilities = true;
  spec.privileged = true;
  spec.rlimits = Rlimits().Set<Rlimit::kNofile, 10, kRlimitUnlimited>().Set<Rlimit::kCore, 0>();
  spec.oom_score_adj = -500;
  spec.sysctls = {{"net.ipv4.ip_forward", "1"}, {"kernel.sem", "1 2 3 4"}};
  spec.labels = {"docker-default", "u:r:t:s0", "u:object_r:t:s0"};
  spec.landlock = {{"/usr", {true, false, true}}, {"/", {true, true, true}}};
  spec.id = std::string(64, 'a');
  spec.entrypoint = {"/entry"};
  spec.arguments = {"a", ""};
  spec.extra_hosts = {{"db", "10.0.0.1"}, {"up", "host-gateway"}};
  spec.stop_signal = 64;
  spec.lifecycle.remove = true;
  spec.lifecycle.open_stdin = true;
  spec.lifecycle.restart = {RestartWhen::kOnFailure, 3};
  spec.lifecycle.health = {{{"/bin/true"}}, INT64_MAX, 2, 0, 4, 5};
  spec.lifecycle.log = {true, 1 << 20, 3};
  spec.lifecycle.labels = {{"a.b", "c"}, {"e", ""}};
  return spec;
}

TEST(JsonTest, AContainerGoesRound) {
  ContainerSpec filtered;
  SeccompFilter filter;
  filter.rules.push_back({{"mount"}, {SeccompAct::kErrno, 5}, {{1, SeccompOp::kGe, ~uint64_t{0}}}});
  filtered.seccomp = CustomSeccomp(filter);
  ContainerSpec emptied;  // where nothing is not the same as unsaid
  emptied.entrypoint.emplace();
  emptied.lifecycle.health.command.emplace();
  for (const ContainerSpec& spec : {Full(), filtered, emptied, ContainerSpec{}}) {
    const absl::StatusOr<ContainerSpec> back = ContainerSpecFromJson(ToJson(spec));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, spec);
    EXPECT_EQ(ToJson(*back), ToJson(spec));
  }
}

TEST(JsonTest, AStackGoesRound) {
  ComposeSpec spec;
  ServiceSpec service;
  service.name = "web";
  service.container = Full();
  service.networks = {"front", "back"};
  service.depends_on = {{"db", 5432, {}}, {"cache", std::nullopt, {}}};
  spec.services = {service, ServiceSpec{}};
  spec.networks = {{"front", "10.5.0.0/24", {}}, {"back", "", {}}};
  spec.volumes = {{"data", {}}};
  const absl::StatusOr<ComposeSpec> back = ComposeSpecFromJson(ToJson(spec));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, spec);
}

TEST(JsonTest, DamageIsFoundAndPlaced) {
  const auto error = [](absl::string_view text) {
    return std::string(ComposeSpecFromJson(text).status().message());
  };
  EXPECT_EQ(error(""), "the text is no JSON");
  EXPECT_EQ(error("[]"), "the text is no object");
  EXPECT_EQ(error("{}"), "/services is missing");
  EXPECT_EQ(error(R"({"services":[5],"networks":[],"volumes":[]})"), "/services/0 is no object");
  EXPECT_EQ(error(R"({"services":[],"networks":[{"name":5}],"volumes":[]})"),
            "/networks/0/name is no string");
  EXPECT_EQ(error(R"({"services":[],"networks":[],"volumes":7})"), "/volumes is no list");
}

TEST(JsonTest, NoNumberIsBent) {
  const auto broken = [](const std::string& from, const std::string& to) {
    std::string text = ToJson(Full());
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return std::string(ContainerSpecFromJson(text).status().message());
  };
  EXPECT_EQ(broken("\"host\":8080", "\"host\":70000"), "/net/ports/0/host is out of range");
  EXPECT_EQ(broken("\"host\":8080", "\"host\":-1"), "/net/ports/0/host is no unsigned number");
  EXPECT_EQ(broken("\"host\":8080", "\"host\":80.5"), "/net/ports/0/host is no unsigned number");
  EXPECT_EQ(broken("\"stopGraceSeconds\":99", "\"stopGraceSeconds\":3000000000"),
            "/stopGraceSeconds is out of range");
  EXPECT_EQ(broken("\"oomScoreAdj\":-500", "\"oomScoreAdj\":-1001"),
            "/oomScoreAdj is out of range");
  EXPECT_EQ(broken("\"umask\":23", "\"umask\":512"), "/umask is out of range");
  EXPECT_EQ(broken("\"access\":\"rx\"", "\"access\":\"xr\""),
            "/landlock/0/access holds the unknown name 'xr'");
  EXPECT_EQ(broken("\"stopSignal\":64", "\"stopSignal\":32"),
            "/stopSignal holds the unknown name '32'");
  EXPECT_EQ(broken("on-failure:3", "on-failure:x"),
            "/lifecycle/restart holds the unknown name 'on-failure:x'");
  EXPECT_EQ(broken("\"maxFiles\":3", "\"maxFiles\":0"), "/lifecycle/log/maxFiles is out of range");
  EXPECT_EQ(broken("\"startPeriodNanosecs\":0", "\"startPeriodNanosecs\":-1"),
            "/lifecycle/health/startPeriodNanosecs is out of range");
  EXPECT_THAT(broken("\"sys-admin\"", "\"sys-admim\""),
              HasSubstr("/capabilities holds the unknown name 'sys-admim'"));
}

}  // namespace
}  // namespace pelagos
