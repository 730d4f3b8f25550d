// Mounts of a bundle, and the root that they are on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pelagos/oci/plan_bundle_testing.h"

namespace pelagos::oci {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PlanMountsTest, MountsStayInTheirOrder) {
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

TEST(PlanMountsTest, MountsThatCannotBeMade) {
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

TEST(PlanMountsTest, MountsOverTheRootAndOverOthers) {
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

TEST(PlanMountsTest, IdsOfMountsAreTheirOwnOrTheUserNamespaces) {
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

TEST(PlanMountsTest, WithoutAMountNamespaceMountsAreTheHosts) {
  Config config = Minimal();
  config.linux_part->namespaces = {{"pid", ""}};
  const auto plan = PlanBundle(config, Facts());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->shares_mounts);
  EXPECT_THAT(Steps(config), Contains("change the root"));
  EXPECT_THAT(Steps(config), Not(Contains("make every mount private")));
}

TEST(PlanMountsTest, ProcIsTheKernels) {
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

TEST(PlanMountsTest, CgroupMountsFollowTheHost) {
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

TEST(PlanMountsTest, AJoinedMountNamespaceKeepsItsRoot) {
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

}  // namespace
}  // namespace pelagos::oci
