#include "pelagos/plan/mount.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

std::vector<std::string> Described(const std::vector<Op>& ops) {
  std::vector<std::string> lines;
  for (const Op& op : ops) lines.push_back(Describe(op));
  return lines;
}

HostFacts Facts() {
  HostFacts facts;
  facts.data_root = "/data";
  facts.run_root = "/run";
  return facts;
}

TEST(UserMountsTest, SortsByDepthAndKeepsTheOrderOfTheSpec) {
  MountPlan plan = MountPlan()
                       .Tmpfs("/a/b/c"_path)
                       .Volume("shop-data", "/z"_path)
                       .Bind("/srv", "/a"_path, true)
                       .Tmpfs("/a/b"_path);
  EXPECT_EQ(Described(UserMounts("web", plan, Facts())),
            (std::vector<std::string>{"bind /data/volumes/shop-data/data -> /z",
                                      "bind /srv -> /a read-only",
                                      "bind /run/containers/web/hostname -> /etc/hostname",
                                      "bind /run/containers/web/hosts -> /etc/hosts",
                                      "bind /run/containers/web/resolv.conf -> /etc/resolv.conf",
                                      "mount tmpfs -> /a/b nosuid,nodev (mode=1777)",
                                      "mount tmpfs -> /a/b/c nosuid,nodev (mode=1777)"}));
}

TEST(UserMountsTest, TheUsersFileReplacesTheRuntimes) {
  MountPlan plan;
  plan.push_back({MountKind::kBind, "/srv/hosts", "/etc//hosts", false});
  const std::vector<std::string> lines = Described(UserMounts("web", plan, Facts()));
  EXPECT_EQ(lines,
            (std::vector<std::string>{"bind /run/containers/web/hostname -> /etc/hostname",
                                      "bind /run/containers/web/resolv.conf -> /etc/resolv.conf",
                                      "bind /srv/hosts -> /etc/hosts"}));
}

TEST(UserMountsTest, Options) {
  MountPlan plan;
  Mount bind = {MountKind::kBind, "/s", "/b", true};
  bind.options.recursion = BindRecursion::kWritable;
  bind.options.propagation = Propagation::kSlave;
  bind.options.nosuid = true;
  bind.options.subpath = "sub";
  bind.options.ids = {{{0, 1000, 10}}, {{0, 5, 1}, {7, 8, 9}}};
  bind.options.make_source = true;
  plan.push_back(bind);
  Mount alone = {MountKind::kVolume, "v", "/c", false};
  alone.options.recursion = BindRecursion::kDisabled;
  plan.push_back(alone);
  Mount tmpfs = {MountKind::kTmpfs, "", "/d", false};
  tmpfs.options.nodev = false;
  tmpfs.options.noexec = true;
  tmpfs.options.tmpfs = {4096, 7, 0700, 5, 6};
  plan.push_back(tmpfs);
  const std::vector<std::string> lines = Described(UserMounts("web", plan, Facts()));
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[0],
            "bind /s (within it sub) -> /b read-only but for mounts below nosuid slave uids "
            "0-1000-10 gids 0-5-1#7-8-9, made if missing");
  EXPECT_EQ(lines[1], "bind /data/volumes/v/data -> /c without mounts below");
  EXPECT_EQ(lines[2],
            "mount tmpfs -> /d nosuid,noexec (mode=700,size=4096,nr_inodes=7,uid=5,gid=6)");
}

TEST(UserMountsTest, ReadOnlyTmpfs) {
  MountPlan plan;
  plan.push_back({MountKind::kTmpfs, "", "/t", true});
  EXPECT_EQ(Described(UserMounts("web", plan, Facts()))[0],
            "mount tmpfs -> /t ro,nosuid,nodev (mode=1777)");
}

bool Mounts(const std::vector<Op>& ops, const std::string& type, const std::string& target) {
  for (const Op& op : ops) {
    const auto* mount = std::get_if<MountFilesystem>(&op);
    if (mount != nullptr && mount->type == type && mount->target == target) return true;
  }
  return false;
}

TEST(KernelMountsTest, TheCgroupTreeIsV2OrEmpty) {
  HostFacts facts = Facts();
  EXPECT_TRUE(Mounts(KernelMounts(kDefaultNamespaces, facts), "tmpfs", "/sys/fs/cgroup"));
  facts.cgroups.v2_mount = "/sys/fs/cgroup/unified";
  EXPECT_TRUE(Mounts(KernelMounts(kDefaultNamespaces, facts), "cgroup2", "/sys/fs/cgroup"));
}

TEST(KernelMountsTest, TheHostsMessageQueuesAreNeverShown) {
  NamespaceSet namespaces = kDefaultNamespaces;
  EXPECT_TRUE(Mounts(KernelMounts(namespaces, Facts()), "mqueue", "/dev/mqueue"));
  namespaces.erase(Namespace::kIpc);
  EXPECT_FALSE(Mounts(KernelMounts(namespaces, Facts()), "mqueue", "/dev/mqueue"));
}

TEST(KernelMountsTest, EveryFileSystemButDevIsInert) {
  for (const Op& op : KernelMounts(kDefaultNamespaces, Facts())) {
    const auto* mount = std::get_if<MountFilesystem>(&op);
    if (mount == nullptr) continue;
    EXPECT_NE(mount->flags & kMountNoSuid, 0u) << mount->target;
    if (mount->target == "/dev") continue;
    EXPECT_NE(mount->flags & kMountNoExec, 0u) << mount->target;
    if (absl::string_view(mount->target).substr(0, 4) == "/sys") {
      EXPECT_NE(mount->flags & kMountReadOnly, 0u) << mount->target;
    }
  }
}

TEST(HardeningTest, CountersOfTheProcessors) {
  HostFacts facts = Facts();
  facts.thermal_throttle = {"/sys/devices/system/cpu/cpu0/thermal_throttle"};
  const std::vector<std::string> lines = Described(Hardening(facts));
  EXPECT_EQ(lines.size(), std::size(kMaskedPaths) + 1 + std::size(kReadOnlyPaths));
  EXPECT_EQ(lines[std::size(kMaskedPaths)], "mask /sys/devices/system/cpu/cpu0/thermal_throttle");
}

TEST(HardeningTest, WhatNewKernelsDoNotHaveNeedsNoMask) {
  HostFacts facts = Facts();
  facts.kernel = {4, 11};
  EXPECT_EQ(Described(Hardening(facts)).size(),
            std::size(kMaskedPaths) - 1 + std::size(kReadOnlyPaths));
  facts.kernel = {6, 1};
  const std::vector<std::string> lines = Described(Hardening(facts));
  EXPECT_EQ(lines.size(), std::size(kMaskedPaths) - 2 + std::size(kReadOnlyPaths));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "mask /proc/sched_debug"), 0);
}

TEST(HardeningTest, WhatASpecHidesComesLastAndDoesNotDependOnTheRest) {
  ContainerSpec spec;
  spec.masked_paths = {"/srv//secret/"};
  std::vector<std::string> usual = Described(Hardening(Facts()));
  EXPECT_EQ(Described(HiddenPaths({}, Facts())), usual);
  usual.push_back("mask /srv/secret");
  EXPECT_EQ(Described(HiddenPaths(spec, Facts())), usual);
  spec.mask_paths = false;
  EXPECT_EQ(Described(HiddenPaths(spec, Facts())), std::vector<std::string>{"mask /srv/secret"});
  spec.mask_paths = true;
  spec.privileged = true;
  EXPECT_EQ(Described(HiddenPaths(spec, Facts())), std::vector<std::string>{"mask /srv/secret"});
}

TEST(HardeningTest, MasksBeforeReadOnly) {
  const std::vector<std::string> lines = Described(Hardening(Facts()));
  EXPECT_EQ(lines.front(), "mask /sys/firmware");
  EXPECT_EQ(lines.back(), "read-only /proc/sysrq-trigger");
  EXPECT_EQ(lines.size(), std::size(kMaskedPaths) + std::size(kReadOnlyPaths));
}

}  // namespace
}  // namespace pelagos
