#include "pelagos/plan/rules.h"

#include <gtest/gtest.h>

#include "pelagos/plan/usual_container.h"

namespace pelagos {
namespace {

struct World : UsualContainer {
  void At(const std::string& option, uint32_t where) { spec.spans.Set(option, {0, where, where}); }
  void At(const std::string& option, const std::string& item, uint32_t where) {
    spec.spans.Set(option, item, {0, where, where});
  }
};

using Lines = std::vector<std::string>;

TEST(RulesTest, AUsualContainerBreaksNone) {
  World world;
  for (const Rule& rule : kRules) EXPECT_EQ(world.Ask(rule.check), Lines{}) << rule.name;
}

TEST(RulesTest, Name) {
  World world;
  world.spec.name = "../x";
  world.At("", 7);
  EXPECT_EQ(world.Ask(rules::NameIsUsable),
            Lines{"7: the container's name '../x' must begin with a letter or digit"});
}

TEST(RulesTest, Hostname) {
  World world;
  world.spec.hostname = std::string(65, 'h');
  EXPECT_EQ(world.Ask(rules::HostnameIsUsable),
            Lines{"hostname '" + std::string(65, 'h') + "' is too long"});
  world.spec.namespaces.erase(Namespace::kUts);
  EXPECT_EQ(world.Ask(rules::HostnameIsUsable), Lines{});
}

TEST(RulesTest, Root) {
  World world;
  world.image.layers.clear();
  world.At("image", 3);
  EXPECT_EQ(world.Ask(rules::RootIsKnown), Lines{"3: image 'busybox' has no layers"});
  world.spec.image.clear();
  EXPECT_EQ(world.Ask(rules::RootIsKnown), Lines{"3: neither an image nor a root folder is given"});
  world.spec.rootfs = "srv";
  EXPECT_EQ(world.Ask(rules::RootIsKnown), Lines{"rootfs 'srv' must be an absolute path"});
  world.spec.rootfs = "/srv";
  EXPECT_EQ(world.Ask(rules::RootIsKnown), Lines{});
}

TEST(RulesTest, Command) {
  World world;
  world.image.cmd.clear();
  EXPECT_EQ(world.Ask(rules::CommandIsKnown),
            Lines{"no command is given, and image 'busybox' names none"});
  world.spec.command = {""};
  EXPECT_EQ(world.Ask(rules::CommandIsKnown).size(), 1u);
  world.spec.command = {"sh", std::string("a\0b", 3)};
  EXPECT_EQ(world.Ask(rules::CommandIsKnown), Lines{"the command must not contain a NUL byte"});
}

TEST(RulesTest, Namespaces) {
  World world;
  world.spec.namespaces = {Namespace::kPid};
  EXPECT_EQ(world.Ask(rules::NamespacesFitTogether),
            Lines{"a root of its own needs a mount namespace"});
  world.spec.namespaces = {Namespace::kMount};
  EXPECT_EQ(world.Ask(rules::NamespacesFitTogether), Lines{});
  world.spec.net.mode = NetMode::kBridge;
  EXPECT_EQ(world.Ask(rules::NamespacesFitTogether),
            Lines{"joining a network needs a network namespace"});
}

TEST(RulesTest, MountTargets) {
  World world;
  const auto add = [&](MountKind kind, const std::string& target) {
    world.spec.mounts.push_back({kind, "/s", target, false});
  };
  add(MountKind::kBind, "rel");
  add(MountKind::kTmpfs, "/proc/sys");
  add(MountKind::kVolume, "/dev");
  add(MountKind::kBind, "/a");
  add(MountKind::kTmpfs, "/a/");
  add(MountKind::kTmpfs, "/dev/shm");
  world.At("mount", "/a/", 9);
  EXPECT_EQ(world.Ask(rules::MountTargetsAreUsable),
            (Lines{"bind target 'rel' must be an absolute path",
                   "tmpfs target '/proc/sys' is in /proc, which is the container's own",
                   "volume target '/dev' is the container's own /dev; mount files below it",
                   "9: tmpfs target '/a/' is mounted twice"}));
}

TEST(RulesTest, MaskedPaths) {
  World world;
  world.spec.masked_paths = {"/proc/net", "/dev", "rel", "/a/../b"};
  EXPECT_EQ(world.Ask(rules::MaskedPathsAreUsable),
            (Lines{"masked-path 'rel' must be an absolute path",
                   "masked-path '/a/../b' must not contain '.' or '..'"}));
}

TEST(RulesTest, MountSources) {
  World world;
  world.spec.mounts.push_back({MountKind::kBind, "./x", "/a", false});
  world.spec.mounts.push_back({MountKind::kVolume, "../x", "/b", false});
  world.spec.mounts.push_back({MountKind::kBind, std::string("/x\0y", 4), "/c", false});
  EXPECT_EQ(world.Ask(rules::MountSourcesAreUsable),
            (Lines{"bind source './x' must be an absolute path",
                   "volume '../x' must begin with a letter or digit",
                   "the source must not contain a NUL byte"}));
}

TEST(RulesTest, Environment) {
  World world;
  world.spec.env = {{"", "v"}, {"A=B", "v"}, {"C", std::string("\0", 1)}};
  world.At("env", "A=B", 5);
  EXPECT_EQ(world.Ask(rules::EnvironmentIsUsable),
            (Lines{"env key must not be empty", "5: env key 'A=B' must not contain '='",
                   "env must not contain a NUL byte"}));
}

TEST(RulesTest, Workdir) {
  World world;
  world.image.workdir = "app";
  EXPECT_EQ(world.Ask(rules::WorkdirIsAbsolute),
            Lines{"workdir 'app' must be an absolute path; the image names it"});
  world.spec.workdir = "app";
  EXPECT_EQ(world.Ask(rules::WorkdirIsAbsolute), Lines{"workdir 'app' must be an absolute path"});
}

TEST(RulesTest, User) {
  World world;
  world.user.gid = 0xffffffff;
  EXPECT_EQ(world.Ask(rules::UserIsUsable), Lines{"4294967295 is no user or group id"});
}

TEST(RulesTest, Limits) {
  World world;
  world.spec.cgroup = {64, 10, uint64_t{1} << 30};
  world.At("memory", 1);
  EXPECT_EQ(world.Ask(rules::LimitsAreUsable),
            (Lines{"1: memory must be at least 512k", "cpus must be at least 0.01",
                   "pids must be at most 4194304"}));
}

TEST(RulesTest, MemoryFitsTogether) {
  World world;
  world.facts.cgroups.v1_mounts[CgroupController::kMemory] = "/cg/memory";
  CgroupPlan& limits = world.spec.cgroup;
  limits.memory_bytes = 2_MiB;
  limits.memory_reservation_bytes = 3_MiB;
  limits.memory_swap_bytes = int64_t{1_MiB};
  EXPECT_EQ(world.Ask(rules::LimitsAreUsable),
            (Lines{"memory-reservation must not be more than memory",
                   "memory-swap must not be less than memory: it is the sum of both",
                   "memory-swap cannot be set: this kernel does not count swap"}));
  world.facts.cgroups.limits_swap = true;
  limits = {};
  limits.memory_swap_bytes = int64_t{1_MiB};
  limits.oom_kill_disable = true;
  EXPECT_EQ(world.Ask(rules::LimitsAreUsable),
            (Lines{"memory-swap needs memory: it is the sum of both",
                   "oom-kill-disable needs memory: without a limit the whole host would wait"}));
}

TEST(RulesTest, WhatV2DoesNotHave) {
  World world;
  world.facts.cgroups.v2_mount = "/sys/fs/cgroup";
  world.facts.cgroups.v2_controllers = {CgroupController::kMemory};
  world.spec.cgroup.memory_bytes = 2_MiB;
  world.spec.cgroup.memory_swappiness = 7;
  world.spec.cgroup.oom_kill_disable = true;
  world.spec.cgroup.settings = {{"memory.high", "1"}, {"io.max", "x"}, {"cgroup.max.depth", "1"}};
  EXPECT_EQ(world.Ask(rules::LimitsAreUsable),
            (Lines{"memory-swappiness cannot be set: cgroup v2 has nothing of the kind",
                   "oom-kill-disable cannot be set: cgroup v2 has nothing of the kind"}));
  EXPECT_EQ(world.Ask(rules::ControllersExist),
            Lines{"cgroup-conf 'io.max' cannot be set: cgroup v2 of this host has no controller "
                  "'io'"});
}

TEST(RulesTest, WhatTheHostDoesNotHave) {
  World world;
  world.facts.online_cpus = IdList{{0, 1}};
  world.facts.memory_nodes = IdList{{0, 0}};
  world.facts.huge_page_sizes = {2_MiB, 1_GiB};
  world.facts.block_devices["/dev/vda"] = {254, 0};
  CgroupPlan& limits = world.spec.cgroup;
  limits.cpus = {{0, 2}};
  limits.memory_nodes = {{0, 0}};
  limits.io = {{IoLimitKind::kReadBps, "/dev/vda", 1}, {IoLimitKind::kWriteIops, "/dev/vdb", 1}};
  limits.hugetlb = {{2_MiB, 0}, {64_KiB, 0}};
  EXPECT_EQ(world.Ask(rules::LimitsAreUsable),
            (Lines{"cpuset-cpus 0-2: this host has the CPUs 0-1",
                   "device-write-iops: '/dev/vdb' is no block device of this host",
                   "hugetlb: this host has no huge pages of 64k"}));
}

TEST(RulesTest, DevicesNeedSomeHierarchyOnlyIfAskedFor) {
  World world;
  EXPECT_EQ(world.Ask(rules::ControllersExist), Lines{});
  world.spec.cgroup.device_rules = *ParseDeviceRules("c 1:3 r");
  EXPECT_EQ(world.Ask(rules::ControllersExist),
            Lines{"device-cgroup-rule: this host has no cgroup controller 'devices', neither in v2 "
                  "nor in a v1 hierarchy"});
  world.facts.cgroups.v2_mount = "/sys/fs/cgroup";
  EXPECT_EQ(world.Ask(rules::ControllersExist), Lines{});
}

TEST(RulesTest, Controllers) {
  World world;
  world.spec.cgroup = {64_MiB, 50000, 0};
  world.facts.cgroups.v1_mounts[CgroupController::kMemory] = "/cg/memory";
  world.At("cpus", 4);
  EXPECT_EQ(world.Ask(rules::ControllersExist),
            Lines{"4: cpus: this host has no cgroup controller 'cpu', neither in v2 nor in a v1 "
                  "hierarchy"});
}

TEST(RulesTest, Network) {
  World world;
  world.spec.net.ports = {{"127.0.0.1", 80, 80, Protocol::kTcp},
                          {"localhost", 1, 0, Protocol::kTcp},
                          {"0.0.0.0", 80, 81, Protocol::kTcp}};
  world.At("port", "2", 8);
  EXPECT_EQ(world.Ask(rules::NetworkIsUsable),
            (Lines{"ports can be published only from a network", "0 is no port",
                   "'localhost' is no address of the host",
                   "8: port 80 of the host is published twice"}));
}

TEST(RulesTest, Attachments) {
  World world;
  world.spec.net.mode = NetMode::kBridge;
  world.spec.net.attachments = {{"a", {}, "10.5.0", "fd00::0:2", "01:00:00:00:00:01"},
                                {"b", {}, "10.5.0.2", "fd00::2", "02:42:0a:63:00:02"},
                                {"b", {}}};
  world.spec.net.dns.servers = {"8.8.8.8", "fd00::53", "resolver"};
  EXPECT_EQ(world.Ask(rules::AttachmentsAreUsable),
            (Lines{"network 'a': '10.5.0' is no IPv4 address",
                   "network 'a': 'fd00::0:2' is no IPv6 address",
                   "network 'a': '01:00:00:00:00:01' is no MAC address of one host, like "
                   "02:42:0a:63:00:02",
                   "network 'b' is joined twice", "name server 'resolver' is no address"}));
}

}  // namespace
}  // namespace pelagos
