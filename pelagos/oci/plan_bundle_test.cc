#include "pelagos/oci/plan_bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "pelagos/oci/plan_bundle_testing.h"

namespace pelagos::oci {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(PlanBundleTest, TheLeastBundle) {
  EXPECT_THAT(
      Steps(Minimal()),
      ElementsAre("make every mount private", "bind root /b/rootfs -> /b/rootfs",
                  "folder /dev mode 0755", "device 1:7 -> /dev/full mode 0666",
                  "device 1:3 -> /dev/null mode 0666", "device 1:8 -> /dev/random mode 0666",
                  "device 5:0 -> /dev/tty mode 0666", "device 1:9 -> /dev/urandom mode 0666",
                  "device 1:5 -> /dev/zero mode 0666", "link /dev/fd to /proc/self/fd",
                  "link /dev/stdin to /proc/self/fd/0", "link /dev/stdout to /proc/self/fd/1",
                  "link /dev/stderr to /proc/self/fd/2", "link /dev/ptmx to pts/ptmx", "pivot root",
                  "work folder /", "CPUs 0-8191", "user 0:0",
                  "capabilities: none; permitted: none; effective: none; inheritable: none; "
                  "ambient: none",
                  "no new privileges", "await start of the program", "exec sh"));
  const auto plan = PlanBundle(Minimal(), Facts());
  EXPECT_EQ(plan->cgroup.v2, "/sys/fs/cgroup/c1");
  EXPECT_TRUE(plan->outlives_launcher);
  EXPECT_EQ(std::get<Exec>(plan->ops.back()).env, (std::vector<std::string>{"A=1", "HOME=/"}));
}

TEST(PlanBundleTest, WhatIsMissingIsToldByItsPointer) {
  EXPECT_THAT(Steps(Config()),
              ElementsAre("/ociVersion: '' is not a version 1 of the spec", "/process: is missing",
                          "/root: is missing", "/process/cwd: must be an absolute path",
                          "/process/args: must not be empty"));
}

TEST(PlanBundleTest, VersionsAreSemVers) {
  for (const char* version : {"1.0.0", "1.3.0", "1.2.0-rc.1", "1.0.2-dev", "1.10.0+x"}) {
    Config config = Minimal();
    config.oci_version = version;
    EXPECT_THAT(Steps(config), Contains("exec sh")) << version;
  }
  for (const char* version : {"1.0", "1.x.0", "0.2.0", "2.0.0", "1.01.0", "1.0.0-", "1.0.0 "}) {
    Config config = Minimal();
    config.oci_version = version;
    EXPECT_THAT(Steps(config), ElementsAre(HasSubstr("/ociVersion: "))) << version;
  }
}

TEST(PlanBundleTest, WithoutAnIdOfRootTheFirstOneSetsUp) {
  Config config = Minimal();
  config.linux_part->namespaces.push_back({"user", ""});
  config.linux_part->uid_mappings = {{1000, 5, 1}, {7, 9, 1}};
  config.linux_part->gid_mappings = {{100, 5, 1}};
  EXPECT_EQ(Steps(config)[2], "become user 1000:100");
}

TEST(PlanBundleTest, MemoryPolicies) {
  Config config = Minimal();
  config.linux_part->memory_policy = MemoryPolicy{};
  EXPECT_THAT(Steps(config), Not(Contains(HasSubstr("set_mempolicy"))));
  config.linux_part->memory_policy = MemoryPolicy{"MPOL_DEFAULT", "", {}};
  EXPECT_THAT(Steps(config), Contains("set_mempolicy mode 0"));
  config.linux_part->memory_policy = MemoryPolicy{"", "0-9876543210", {"odd"}};
  EXPECT_THAT(Steps(config),
              ElementsAre("/linux/memoryPolicy/mode: invalid memory policy mode ''",
                          "/linux/memoryPolicy/flags/0: invalid memory policy flag 'odd'",
                          "/linux/memoryPolicy/nodes: invalid memory policy nodes "
                          "'0-9876543210': must be a list like 0-3,7"));
}

TEST(PlanBundleTest, NamespacesAreMadeOrJoined) {
  Config config = Minimal();
  config.linux_part->namespaces = {{"mount", ""}, {"network", "/n"}, {"pid", ""},    {"pid", "/p"},
                                   {"x", ""},     {"mount", "/m"},   {"ipc", "rel"}, {"user", ""}};
  EXPECT_THAT(Steps(config), ElementsAre("/linux/namespaces/3/type: stands twice",
                                         "/linux/namespaces/4/type: 'x' is no namespace",
                                         "/linux/namespaces/5/type: stands twice",
                                         "/linux/namespaces/6/path: must be an absolute path",
                                         "/linux/uidMappings: a new user namespace needs maps"));
  config.linux_part->namespaces = {{"mount", ""}, {"network", "/n"}, {"uts", "/u"}};
  config.hostname = "h";
  config.linux_part->sysctl = {{"net.ipv4.ip_forward", "1"}};
  const auto plan = PlanBundle(config, Facts());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->joins.size(), 2u);
  const auto steps = Steps(config);
  EXPECT_THAT(steps, Contains("hostname h"));
  EXPECT_THAT(steps, Contains("sysctl net.ipv4.ip_forward = 1"));
  EXPECT_THAT(steps, Not(Contains("bring lo up")));
}

TEST(PlanBundleTest, WhatIsNotSupportedIsAnError) {
  Config config = Minimal();
  Linux& linux_part = *config.linux_part;
  linux_part.intel_rdt = IntelRdt{"c", {}, "", "", false, false, false};
  linux_part.net_devices = {{"eth0", {}}, {"a/b", {"x y"}}};
  linux_part.mount_label = "a:b:c";
  linux_part.rootfs_propagation = "odd";
  linux_part.sysctl = {{"kernel.panic", "1"}, {"net.core.somaxconn", "1"}};
  linux_part.masked_paths = {"rel"};
  linux_part.devices = {{"x", "/d", 1, 1, {}, {}, {}}, {"c", "/dev/a", 1, {}, {}, {}, {}}};
  config.hooks = Hooks();
  config.hooks->poststop = {{"rel", {}, {}, 0}};
  BundleFacts facts = Facts();
  facts.systemd = ServiceManager();
  linux_part.cgroups_path = "/a";
  EXPECT_THAT(Steps(config, facts),
              ElementsAre(HasSubstr("/linux/cgroupsPath: expected cgroupsPath to be of format"),
                          "/linux/devices/0/type: must be c, u, b or p",
                          "/linux/devices/1/minor: is missing",
                          "/linux/netDevices: unable to move network devices without a NET "
                          "namespace",
                          "/linux/netDevices/a~1b: is no name of an interface",
                          "/linux/netDevices/a~1b/name: is no name of an interface",
                          "/linux/sysctl/kernel.panic: is a setting of the whole host, not of a "
                          "container",
                          "/linux/sysctl/net.core.somaxconn: would be the host's: the container "
                          "has no network namespace",
                          "/linux/maskedPaths/0: must be an absolute path",
                          "/linux/rootfsPropagation: is no propagation of mount(8)",
                          HasSubstr("/linux/intelRdt: intelRdt is specified in config, but"),
                          "/linux/mountLabel: SELinux is off on this host",
                          "/hooks/poststop/0/path: must be an absolute path",
                          "/hooks/poststop/0/timeout: must be above zero"));
}

TEST(PlanBundleTest, SystemdMakesTheCgroup) {
  Config config = Minimal();
  config.linux_part->cgroups_path = "a-b.slice:p:n";
  config.linux_part->resources.emplace();
  config.linux_part->resources->pids = PidsLimit{5};
  config.annotations = {{"org.systemd.property.TasksMax", "uint64 6"}};
  BundleFacts facts = Facts();
  facts.systemd = ServiceManager{false, "", 252};
  const auto plan = PlanBundle(config, facts);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->cgroup.v2, "/sys/fs/cgroup/a.slice/a-b.slice/p-n.scope");
  EXPECT_EQ(plan->cgroup.placed_by, "systemd, unit p-n.scope in a-b.slice");
  EXPECT_THAT(plan->cgroup.parents, IsEmpty());
  for (const CgroupWrite& write : plan->cgroup.enable) EXPECT_TRUE(write.optional) << write.file;
  const auto unit = PlanUnit(config, facts);
  ASSERT_TRUE(unit.ok()) << unit.status();
  EXPECT_EQ(unit->cgroup, "/a.slice/a-b.slice/p-n.scope");
  EXPECT_THAT(unit->properties, Contains(UnitProperty{"TasksMax", {"t", "6"}}));
  EXPECT_THAT(unit->properties, Contains(UnitProperty{"Delegate", {"b", "true"}}));

  // A hybrid host: what mounts may show is made before, and systemd's own hierarchy is joined.
  facts.cgroups.v2_mount = "/sys/fs/cgroup/unified";
  facts.cgroups.v1_mounts = {{"pids", "/sys/fs/cgroup/pids"},
                             {"name=systemd", "/sys/fs/cgroup/systemd"}};
  const auto hybrid = PlanBundle(config, facts);
  ASSERT_TRUE(hybrid.ok()) << hybrid.status();
  EXPECT_THAT(hybrid->cgroup.v1, ElementsAre("/sys/fs/cgroup/pids/a.slice/a-b.slice/p-n.scope",
                                             "/sys/fs/cgroup/systemd/a.slice/a-b.slice/p-n.scope"));
  EXPECT_THAT(hybrid->cgroup.parents, Contains("/sys/fs/cgroup/unified/a.slice/a-b.slice"));
}

TEST(PlanBundleTest, AUsersSystemdHasItsOwnRoot) {
  Config config = Minimal();
  BundleFacts facts = Facts();
  const std::string root = "/user.slice/user-7.slice/user@7.service";
  facts.systemd = ServiceManager{true, root, 252};
  const auto plan = PlanBundle(config, facts);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->cgroup.v2, "/sys/fs/cgroup" + root + "/user.slice/pelagos-c1.scope");
  // Above its root nothing is the user's to switch on.
  EXPECT_EQ(plan->cgroup.enable.front().file, "/sys/fs/cgroup" + root + "/cgroup.subtree_control");
  const auto unit = PlanUnit(config, facts);
  ASSERT_TRUE(unit.ok()) << unit.status();
  for (const UnitProperty& property : unit->properties) EXPECT_NE(property.name, "DeviceAllow");
}

TEST(PlanBundleTest, AKeyringIsJoinedAsTheRootOfTheContainer) {
  Config config = Minimal();
  BundleFacts facts = Facts();
  facts.keyring = true;
  EXPECT_EQ(Steps(config, facts)[2], "session keyring _ses.c1");
  config.linux_part->namespaces.push_back({"user", ""});
  config.linux_part->uid_mappings = config.linux_part->gid_mappings = {{0, 1000, 1}};
  EXPECT_EQ(Steps(config, facts)[2], "become user 0:0");
  EXPECT_EQ(Steps(config, facts)[3], "session keyring _ses.c1");
}

TEST(PlanBundleTest, InterfacesAreMovedWhileItWaits) {
  Config config = Minimal();
  config.linux_part->namespaces.push_back({"network", ""});
  config.linux_part->net_devices = {{"eth1", {}}, {"eth2", {"lan"}}};
  EXPECT_THAT(Steps(config),
              Contains("await hooks, interface eth1 -> eth1, interface eth2 -> lan"));
  config.linux_part->net_devices = {{"eth1", {"a"}}, {"eth2", {"a"}}};
  EXPECT_THAT(Steps(config), ElementsAre("/linux/netDevices/eth2/name: stands twice"));
}

TEST(PlanBundleTest, SeccompIsReadAsProfilesAre) {
  Config config = Minimal();
  config.linux_part->seccomp = RawJson{R"({"defaultAction": "odd"})"};
  EXPECT_THAT(Steps(config), ElementsAre(HasSubstr("/linux/seccomp/defaultAction: ")));
  config.linux_part->seccomp = RawJson{R"({"defaultAction": "SCMP_ACT_ALLOW", "odd": 1})"};
  EXPECT_THAT(Steps(config), Contains(HasSubstr("seccomp custom")));
  config.linux_part->seccomp = RawJson{R"({"defaultAction": "SCMP_ACT_ALLOW"})"};
  EXPECT_THAT(Steps(config), Contains(HasSubstr("seccomp custom")));
}

TEST(PlanBundleTest, HooksMakeItWait) {
  Config config = Minimal();
  config.hooks = Hooks();
  config.hooks->poststop = {{"/x", {}, {}, {}}};
  EXPECT_THAT(Steps(config), Not(Contains("await hooks")));
  config.hooks->create_container = {{"/x", {}, {}, {}}};
  EXPECT_THAT(Steps(config), Contains("await hooks"));
}

}  // namespace
}  // namespace pelagos::oci
