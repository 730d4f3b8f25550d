#include "pelagos/oci/plan_bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/oci/config_json.h"
#include "pelagos/plan/print.h"

namespace pelagos::oci {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

BundleFacts Facts() {
  BundleFacts facts;
  facts.id = "c1";
  facts.bundle = "/b";
  facts.cgroups.v2_mount = "/sys/fs/cgroup";
  facts.cgroups.v2_controllers = {"cpu", "memory", "pids"};
  facts.host_cgroups = facts.cgroups;
  facts.keyring = false;
  return facts;
}

Config Minimal() {
  Config config = *ReadConfig(R"({"ociVersion": "1.2.0", "root": {"path": "rootfs"},
    "process": {"cwd": "/", "args": ["sh"], "env": ["A=1"], "noNewPrivileges": true},
    "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "uts"}]}})");
  return config;
}

std::vector<std::string> Steps(const Config& config, const BundleFacts& facts = Facts()) {
  const auto plan = PlanBundle(config, facts);
  if (!plan.ok()) return absl::StrSplit(plan.status().message(), '\n');
  std::vector<std::string> steps;
  for (const Op& op : plan->ops) steps.push_back(Describe(op));
  return steps;
}

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

TEST(PlanBundleTest, MountsStayInTheirOrder) {
  Config config = Minimal();
  config.mounts = {{"/proc", "proc", "", {"nosuid"}, {}, {}},
                   {"b//c/", "", "data", {"rbind", "ro", "rslave"}, {}, {}},
                   {"/t", "tmpfs", "tmpfs", {"ro", "size=1m"}, {}, {}},
                   {"/q", "bind", "/q", {}, {{0, 1000, 10}}, {{0, 5, 1}}}};
  const auto steps = Steps(config);
  EXPECT_THAT(std::vector<std::string>(steps.begin() + 2, steps.begin() + 7),
              ElementsAre("mount proc -> /proc nosuid", "bind /b/data -> /b/c ro rslave",
                          "mount tmpfs -> /t (size=1m)", "mount at /t ro",
                          "bind /q -> /q without mounts below uids 0-1000-10 gids 0-5-1 rprivate"));
}

TEST(PlanBundleTest, MountsThatCannotBeMade) {
  Config config = Minimal();
  config.mounts = {{"/", "proc", "", {}, {}, {}},
                   {"/a", "", "", {}, {}, {}},
                   {"/a", "bind", "", {}, {}, {}},
                   {"/a", "tmpfs", "", {"remount"}, {}, {}},
                   {"/a", "proc", "", {"tmpcopyup"}, {}, {}},
                   {"/a", "bind", "/x", {"idmap"}, {}, {}}};
  EXPECT_THAT(
      Steps(config),
      ElementsAre("/mounts/0/destination: must not be the root", "/mounts/1/type: is missing",
                  "/mounts/2/source: is missing", "/mounts/4/options: tmpcopyup is for tmpfs only",
                  "/mounts/5/options: idmap needs uidMappings and gidMappings, here or of "
                  "a user namespace"));
}

TEST(PlanBundleTest, MountsOverTheRootAndOverOthers) {
  Config config = Minimal();
  config.mounts = {{"/", "bind", "/other", {"rbind"}, {}, {}},
                   {"/a", "tmpfs", "tmpfs", {"size=1m"}, {}, {}},
                   {"/a", "tmpfs", "tmpfs", {"remount", "ro", "size=2m"}, {}, {}},
                   {"/b", "", "", {"bind", "remount", "ro", "nosuid"}, {}, {}}};
  const auto steps = Steps(config);
  EXPECT_THAT(std::vector<std::string>(steps.begin() + 2, steps.begin() + 6),
              ElementsAre("bind /other -> / rprivate", "mount tmpfs -> /a (size=1m)",
                          "mount tmpfs -> /a ro,remount (size=2m)", "mount at /b ro,nosuid"));
}

TEST(PlanBundleTest, IdsOfMountsAreTheirOwnOrTheUserNamespaces) {
  Config config = Minimal();
  config.linux_part->namespaces.push_back({"user", ""});
  config.linux_part->uid_mappings = config.linux_part->gid_mappings = {{0, 1000, 10}};
  config.mounts = {{"/a", "bind", "/x", {"idmap"}, {}, {}},
                   {"/t", "tmpfs", "tmpfs", {}, {{0, 5, 1}}, {{0, 6, 1}}},
                   {"/c", "cgroup", "cgroup", {"idmap"}, {}, {}},
                   {"/u", "tmpfs", "tmpfs", {"idmap", "tmpcopyup"}, {}, {}}};
  EXPECT_THAT(Steps(config),
              ElementsAre("/mounts/2/uidMappings: cgroup file systems cannot map ids",
                          "/mounts/3/options: tmpcopyup does not go with mapped ids"));
  config.mounts.resize(2);
  EXPECT_THAT(Steps(config),
              AllOf(Contains("bind /x -> /a without mounts below uids 0-1000-10 gids 0-1000-10 "
                             "rprivate"),
                    Contains("mount tmpfs -> /t uids 0-5-1 gids 0-6-1")));
}

TEST(PlanBundleTest, WithoutAnIdOfRootTheFirstOneSetsUp) {
  Config config = Minimal();
  config.linux_part->namespaces.push_back({"user", ""});
  config.linux_part->uid_mappings = {{1000, 5, 1}, {7, 9, 1}};
  config.linux_part->gid_mappings = {{100, 5, 1}};
  EXPECT_EQ(Steps(config)[2], "become user 1000:100");
}

TEST(PlanBundleTest, WithoutAMountNamespaceMountsAreTheHosts) {
  Config config = Minimal();
  config.linux_part->namespaces = {{"pid", ""}};
  const auto plan = PlanBundle(config, Facts());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->shares_mounts);
  EXPECT_THAT(Steps(config), Contains("change the root"));
  EXPECT_THAT(Steps(config), Not(Contains("make every mount private")));
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

TEST(PlanBundleTest, ProcIsTheKernels) {
  Config config = Minimal();
  config.mounts = {{"/proc", "bind", "/evil", {}, {}, {}},
                   {"/a/../proc", "tmpfs", "tmpfs", {}, {}, {}},
                   {"/proc/self/attr", "", "/evil", {"bind"}, {}, {}},
                   {"/proc/sys/kernel", "tmpfs", "", {}, {}, {}}};
  EXPECT_THAT(Steps(config),
              ElementsAre("/mounts/0/destination: /proc must be of type proc, or a bind of /proc",
                          "/mounts/1/destination: /proc must be of type proc, or a bind of /proc",
                          "/mounts/2/destination: nothing may be mounted at this place in /proc",
                          "/mounts/3/destination: nothing may be mounted at this place in /proc"));
  config.mounts = {{"/proc", "bind", "/proc", {"rbind"}, {}, {}},
                   {"/proc/uptime", "bind", "/lxcfs/uptime", {}, {}, {}},
                   {"/process", "tmpfs", "", {}, {}, {}}};
  EXPECT_THAT(Steps(config), Contains("mount tmpfs -> /process"));
}

TEST(PlanBundleTest, CgroupMountsFollowTheHost) {
  Config config = Minimal();
  config.mounts = {{"/sys/fs/cgroup", "cgroup", "cgroup", {"ro"}, {}, {}}};
  BundleFacts facts = Facts();
  EXPECT_THAT(Steps(config, facts),
              Contains("bind /sys/fs/cgroup -> /sys/fs/cgroup without mounts below "
                       "ro,nosuid,nodev,noexec private"));
  config.linux_part->namespaces.push_back({"cgroup", ""});
  EXPECT_THAT(Steps(config, facts), Contains("mount cgroup2 -> /sys/fs/cgroup ro"));
  facts.cgroups.v2_mount = "/sys/fs/cgroup/unified";
  facts.cgroups.v1_mounts = {{"cpu", "/sys/fs/cgroup/cpu,cpuacct"},
                             {"cpuacct", "/sys/fs/cgroup/cpu,cpuacct"}};
  facts.host_cgroups = facts.cgroups;
  const auto steps = Steps(config, facts);
  EXPECT_THAT(std::vector<std::string>(steps.begin() + 2, steps.begin() + 8),
              ElementsAre("mount tmpfs -> /sys/fs/cgroup nosuid,nodev,noexec (mode=755)",
                          "mount cgroup -> /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev,noexec "
                          "(cpu,cpuacct)",
                          "link /sys/fs/cgroup/cpu to cpu,cpuacct",
                          "link /sys/fs/cgroup/cpuacct to cpu,cpuacct",
                          "mount cgroup2 -> /sys/fs/cgroup/unified ro,nosuid,nodev,noexec",
                          "mount at /sys/fs/cgroup ro"));
  facts.cgroups = {};
  EXPECT_THAT(Steps(config, facts),
              Contains("bind /sys/fs/cgroup -> /sys/fs/cgroup ro,nosuid,nodev,noexec below "
                       "ro,nosuid,nodev,noexec rprivate"));
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

TEST(PlanBundleTest, WhatTheProcessIsLike) {
  Config config = Minimal();
  config.process = *ReadProcess(R"({"cwd": "/w", "args": ["a", "b"], "env": ["HOME=/h"],
    "terminal": true, "user": {"uid": 5, "gid": 6, "umask": 63, "additionalGids": [7]},
    "oomScoreAdj": 100, "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 2}],
    "scheduler": {"policy": "SCHED_BATCH", "nice": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]},
    "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 5},
    "capabilities": {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL"],
                     "effective": ["CAP_KILL"], "ambient": ["CAP_KILL"]}})");
  config.linux_part->personality = Personality{"LINUX32", {}};
  config.linux_part->memory_policy = MemoryPolicy{"MPOL_BIND", "0", {"MPOL_F_STATIC_NODES"}};
  config.linux_part->rootfs_propagation = "rslave";
  config.root->readonly = true;
  const auto steps = Steps(config);
  const auto pivot = std::find(steps.begin(), steps.end(), "pivot root");
  EXPECT_THAT(
      std::vector<std::string>(pivot, steps.end()),
      ElementsAre("pivot root", "mount at / rslave", "work folder /w", "make the root read-only",
                  "CPUs 0-8191", "personality 0x8", "set_mempolicy mode 32770 nodes 0",
                  "scheduler policy 3 flags 1 nice 3", "I/O class 2 level 5", "limit nofile 1:2",
                  "umask 0077", "user 5:6 groups 7",
                  "capabilities: chown kill; permitted: kill; effective: kill; "
                  "inheritable: none; ambient: none",
                  "await start of the program", "exec a b"));
  EXPECT_THAT(steps, Contains("oom_score_adj 100"));
  EXPECT_THAT(steps, Contains("terminal of user 5 -> /dev/console"));
}

TEST(PlanBundleTest, MistakesOfTheProcess) {
  Config config = Minimal();
  config.process = *ReadProcess(R"({"cwd": "w", "args": [""], "oomScoreAdj": 2000,
    "apparmorProfile": "p", "selinuxLabel": "a:b:c", "user": {"uid": 4294967295},
    "rlimits": [{"type": "RLIMIT_X", "soft": 1, "hard": 2},
                {"type": "RLIMIT_CPU", "soft": 3, "hard": 2},
                {"type": "RLIMIT_CPU", "soft": 1, "hard": 2}],
    "scheduler": {"policy": "SCHED_OTHER", "priority": 4},
    "ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 8}})");
  EXPECT_THAT(
      Steps(config),
      ElementsAre("/process/apparmorProfile: this host's kernel does not enforce AppArmor",
                  "/process/selinuxLabel: SELinux is off on this host",
                  "/process/oomScoreAdj: must be from -1000 to 1000",
                  "/process/cwd: must be an absolute path",
                  "/process/scheduler/priority: is for SCHED_FIFO and SCHED_RR only",
                  "/process/ioPriority/priority: must be from 0 to 7",
                  "/process/rlimits/0/type: 'RLIMIT_X' is no limit of getrlimit(2)",
                  "/process/rlimits/1: has a soft limit above its hard limit",
                  "/process/rlimits/2/type: stands twice",
                  "/process/user/uid: 4294967295 is no user", "/process/args: must not be empty"));
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

TEST(PlanBundleTest, AJoinedMountNamespaceKeepsItsRoot) {
  Config config = Minimal();
  config.linux_part->namespaces = {{"mount", "/m"}, {"time", "/t"}};
  const auto steps = Steps(config);
  EXPECT_THAT(steps, Contains("change the root"));
  EXPECT_THAT(steps, Not(Contains("make every mount private")));
  config.hooks = Hooks();
  config.hooks->start_container = {{"/x", {}, {}, {}}};
  EXPECT_THAT(Steps(config), ElementsAre(HasSubstr("/hooks/startContainer: ")));
  config.hooks.reset();
  config.linux_part->namespaces = {{"mount", "/m"}, {"user", "/u"}};
  EXPECT_THAT(Steps(config), ElementsAre(HasSubstr("needs a mount namespace of its own")));
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

TEST(PlanBundleTest, OfVariablesThatStandTwiceTheLastOneCounts) {
  Config config = Minimal();
  config.process->env = {"A=1", "HOME=/x", "B=2", "A=3", "HOME="};
  BundleFacts facts = Facts();
  facts.home = "/root";
  const auto plan = PlanBundle(config, facts);
  EXPECT_EQ(std::get<Exec>(plan->ops.back()).env,
            (std::vector<std::string>{"B=2", "A=3", "HOME=/root"}));
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

TEST(PlanBundleTest, CapabilitiesThatTheKernelWouldRefuseAreLeftOutAndTold) {
  Config config = Minimal();
  const Texts two = {"CAP_KILL", "CAP_CHOWN"};
  config.process->capabilities = Capabilities{};
  config.process->capabilities->bounding = {"CAP_KILL"};
  config.process->capabilities->permitted = {"CAP_KILL"};
  config.process->capabilities->effective = two;
  config.process->capabilities->inheritable = two;
  config.process->capabilities->ambient = two;
  const auto plan = PlanBundle(config, Facts());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(Steps(config), Contains("capabilities: kill; permitted: kill; effective: kill; "
                                      "inheritable: kill; ambient: kill"));
  std::vector<std::string> notes;
  for (const PlanNote& note : plan->notes) notes.push_back(note.text);
  EXPECT_THAT(notes, Contains("left out, effective but not permitted: capabilities chown"));
  EXPECT_THAT(notes,
              Contains("left out, inheritable but outside the bounding set: capabilities chown"));
}

TEST(PlanBundleTest, CapabilitiesThatTheCallerLacksAreLeftOutAndTold) {
  Config config = Minimal();
  Texts two = {"CAP_KILL", "CAP_SYS_RESOURCE", "CAP_FUTURE"};
  config.process->capabilities = Capabilities{two, two, {}, two, {}};
  BundleFacts facts = Facts();
  facts.host.capabilities = {"kill"_cap, "chown"_cap};
  const auto plan = PlanBundle(config, facts);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(Steps(config, facts),
              Contains("capabilities: kill; permitted: kill; effective: kill; inheritable: none; "
                       "ambient: none"));
  std::vector<std::string> notes;
  for (const PlanNote& note : plan->notes) notes.push_back(note.text);
  EXPECT_THAT(notes, Contains(HasSubstr("the caller lacks them: capabilities sys-resource")));
  EXPECT_THAT(notes, Contains("ignoring unknown capability CAP_FUTURE"));
}

TEST(PlanExecTest, JoinsWhatIsThere) {
  ExecFacts facts;
  facts.id = "c1";
  facts.cgroups = {"/c", {}, {{"cpu", "/v/cpu"}, {"cpuacct", "/v/cpu"}}};
  facts.root = "/proc/7/root";
  facts.joins = {{Namespace::kPid, "/proc/7/ns/pid"}, {Namespace::kMount, "/proc/7/ns/mnt"}};
  Process process = *ReadProcess(R"({"cwd": "/", "args": ["id"], "user": {"uid": 3},
                                     "execCPUAffinity": {"initial": "0", "final": "0-1"}})");
  const auto plan = PlanExec(Minimal(), process, facts);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->cgroup.joined);
  EXPECT_EQ(plan->cgroup.v2, "/c");
  EXPECT_THAT(plan->cgroup.v1, ElementsAre("/v/cpu"));
  std::vector<std::string> steps;
  for (const Op& op : plan->ops) steps.push_back(Describe(op));
  EXPECT_THAT(steps, ElementsAre("enter the root /proc/7/root, if it is on another mount", "session keyring _ses.c1",
                                 "await start", "work folder /, which must be there", "CPUs 0-1",
                                 "user 3:0", HasSubstr("capabilities: none"), "exec id"));
}

TEST(PlanExecTest, HasWhatAllProcessesOfTheContainerHave) {
  Config config = Minimal();
  config.linux_part->personality = Personality{"LINUX32", {}};
  config.linux_part->memory_policy = MemoryPolicy{"MPOL_PREFERRED", "0", {}};
  const Process process = *ReadProcess(R"({"cwd": "/", "args": ["id"]})");
  const auto plan = PlanExec(config, process, ExecFacts());
  ASSERT_TRUE(plan.ok()) << plan.status();
  std::vector<std::string> steps;
  for (const Op& op : plan->ops) steps.push_back(Describe(op));
  EXPECT_THAT(steps, AllOf(Contains("CPUs 0-8191"), Contains("personality 0x8"),
                           Contains("set_mempolicy mode 1 nodes 0")));
}

}  // namespace
}  // namespace pelagos::oci
