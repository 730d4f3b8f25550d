#include "pelagos/plan/user_namespace.h"

#include <gtest/gtest.h>

#include "pelagos/plan/make_plan.h"
#include "pelagos/plan/print.h"
#include "pelagos/plan/usual_container.h"

namespace pelagos {
namespace {

using Lines = std::vector<std::string>;

struct Planned : UsualContainer {
  std::vector<std::string> Steps() const {
    Diagnostics diags;
    const auto plan = MakePlan(spec, image, user, facts, diags);
    EXPECT_TRUE(plan.has_value()) << Render({}, diags);
    std::vector<std::string> steps;
    for (const Op& op : plan.value_or(LaunchPlan{}).ops) steps.push_back(Describe(op));
    return steps;
  }
  bool HasStep(const std::string& step) const {
    const std::vector<std::string> steps = Steps();
    return std::find(steps.begin(), steps.end(), step) != steps.end();
  }
};

struct RootlessContainer : Planned {
  RootlessContainer() {
    facts.rootless = RootlessFacts{{{{0, 1000, 1}, {1, 100000, 65536}},  //
                                    {{0, 1000, 1}, {1, 100000, 65536}}}};
    facts.in_user_namespace = true;
    facts.cgroups.usable = false;
  }
};

// Of root, with an id map.
struct MappedContainer : Planned {
  MappedContainer() {
    spec.namespaces.insert(Namespace::kUser);
    spec.ids = {{{0, 100000, 65536}}, {{0, 200000, 65536}}};
  }
};

TEST(UserNamespaceTest, DevicesAreBoundAndOverlaysKeepUserXattrs) {
  RootlessContainer container;
  EXPECT_TRUE(container.HasStep("device 1:3, the host's node /dev/null -> /dev/null"));
  EXPECT_TRUE(
      container.HasStep("overlay of 1 layer, upper /run/pelagos/containers/web/upper -> "
                        "/run/pelagos/containers/web with "
                        "user xattrs"));
  container.facts.in_user_namespace = false;
  container.facts.rootless.reset();
  EXPECT_TRUE(container.HasStep("device 1:3 -> /dev/null mode 0666"));
}

// The kernel mounts them anew only for who owns the other namespace too.
TEST(UserNamespaceTest, HostsNamespacesBringTheHostsFileSystems) {
  RootlessContainer container;
  EXPECT_TRUE(container.HasStep("mount sysfs -> /sys ro,nosuid,nodev,noexec"));
  container.spec.net.mode = NetMode::kHost;
  EXPECT_TRUE(container.HasStep("bind /sys -> /sys read-only nosuid,nodev,noexec"));
  container.facts.cgroups.usable = true;
  container.facts.cgroups.v2_mount = "/sys/fs/cgroup/unified";
  EXPECT_TRUE(container.HasStep("mount cgroup2 -> /sys/fs/cgroup ro,nosuid,nodev,noexec"));
  EXPECT_FALSE(
      container.HasStep("mount tmpfs -> /sys/fs/cgroup ro,nosuid,nodev,noexec (mode=755)"));
  // Not on what is the same file system.
  container.facts.cgroups.v2_mount = "/sys/fs/cgroup";
  EXPECT_TRUE(container.HasStep("mount tmpfs -> /sys/fs/cgroup ro,nosuid,nodev,noexec (mode=755)"));
  EXPECT_TRUE(container.HasStep("mount cgroup2 -> /sys/fs/cgroup ro,nosuid,nodev,noexec"));
  container.spec.namespaces.erase(Namespace::kPid);
  EXPECT_TRUE(container.HasStep("bind /proc -> /proc nosuid,nodev,noexec"));
}

TEST(UserNamespaceTest, TerminalsHaveAGroupOnlyWhereItIsMapped) {
  RootlessContainer container;
  EXPECT_TRUE(
      container.HasStep("mount devpts -> /dev/pts nosuid,noexec (ptmxmode=0666,mode=0620,gid=5)"));
  container.facts.rootless->ids = {{{0, 1000, 1}}, {{0, 1000, 1}}};
  EXPECT_TRUE(
      container.HasStep("mount devpts -> /dev/pts nosuid,noexec (ptmxmode=0666,mode=0620)"));
}

TEST(UserNamespaceTest, IdsMustBeMapped) {
  RootlessContainer container;
  container.user = {65536, 65536, {7}, "/"};
  EXPECT_EQ(container.Ask(rules::IdsAreMapped), Lines{});
  container.user.uid = 65537;
  EXPECT_EQ(container.Ask(rules::IdsAreMapped),
            (Lines{"user id 65537 is not mapped: the container's user namespace has 0:1000:1, "
                   "1:100000:65536 (inside:host:count)"}));
  container.user = {0, 0, {7}, "/"};
  container.facts.rootless = RootlessFacts{{{{0, 1000, 1}}, {{0, 1000, 1}}}, false, "why"};
  EXPECT_EQ(
      container.Ask(rules::IdsAreMapped),
      (Lines{"group id 7 is not mapped: the container's user namespace has 0:1000:1 "
             "(inside:host:count)",
             "supplementary groups cannot be set: with one mapped id setgroups(2) is denied"}));
}

TEST(UserNamespaceTest, LimitsNeedCgroups) {
  RootlessContainer container;
  EXPECT_EQ(container.Ask(rules::ControllersExist), Lines{});
  container.spec.cgroup.pids = 5;
  const Lines limit = {
      "pids: this user may not make cgroups, and none was delegated to it: nothing can be limited"};
  EXPECT_EQ(container.Ask(rules::ControllersExist), limit);
  container.spec.cgroup = {};
  container.spec.cgroup.settings = {{"memory.high", "1"}};
  EXPECT_EQ(container.Ask(rules::ControllersExist).front().substr(0, 40),
            "cgroup-conf: this user may not make cgro");
  // One of its own, in a delegated place.
  container.spec.cgroup = {};
  container.facts.cgroups.usable = true;
  container.facts.cgroups.v2_mount = "/sys/fs/cgroup";
  container.facts.cgroups.v2_own = "/user.slice";
  const CgroupSteps steps = PlanCgroups("web", container.spec.cgroup, container.facts);
  EXPECT_EQ(steps.v2, "/sys/fs/cgroup/user.slice/pelagos-web");
  EXPECT_TRUE(steps.devices.empty());
}

TEST(UserNamespaceTest, NetworksAndPidNamespacesOfOthers) {
  RootlessContainer container;
  container.spec.net.mode = NetMode::kBridge;
  container.spec.net.attachments = {{"front", {}}};
  EXPECT_EQ(container.Ask(rules::NetworkIsAllowed),
            (Lines{"networks need root: an ordinary user's container has none, or the host's"}));
  container.spec.namespaces.erase(Namespace::kPid);
  EXPECT_EQ(
      container.Ask(rules::JoinsAreUsable),
      (Lines{"without a pid namespace of its own a container's processes are told from others "
             "by a cgroup v2, which this user may not make"}));
}

TEST(UserNamespaceTest, OfItsOwn) {
  MappedContainer container;
  container.spec.mounts = MountPlan().Volume("data", "/data"_path).Bind("/srv", "/srv"_path);
  const std::vector<std::string> steps = container.Steps();
  ASSERT_GT(steps.size(), 3u);
  EXPECT_EQ(steps[1],
            "overlay of 1 layer, upper /run/pelagos/containers/web/upper -> "
            "/run/pelagos/containers/web uids 0-100000-65536 gids 0-200000-65536");
  EXPECT_EQ(steps[2], "become user 0:0");
  EXPECT_TRUE(container.HasStep("device 1:3, the host's node /dev/null -> /dev/null"));
  EXPECT_TRUE(container.HasStep(
      "bind /var/lib/pelagos/volumes/data/data -> /data uids 0-100000-65536 gids 0-200000-65536"));
  // The host's folders are the host's.
  EXPECT_TRUE(container.HasStep("bind /srv -> /srv"));
  // All capabilities are there, whatever the caller has.
  container.facts.capabilities = {};
  container.spec.capabilities = {"sys-admin"_cap};
  EXPECT_TRUE(container.HasStep("capabilities: sys-admin"));
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable), Lines{});
  container.user.uid = 65536;
  EXPECT_EQ(container.Ask(rules::IdsAreMapped).size(), 1u);
}

TEST(UserNamespaceTest, MapsThatAreNone) {
  MappedContainer container;
  container.spec.ids.uids = {{1, 100000, 65536}};
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable),
            (Lines{"the id map needs user and group 0, whose the container's files are"}));
  container.spec.ids.uids = {{0, 1, 2}, {1, 5, 1}};
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable),
            (Lines{"the id map has ranges that overlap"}));
  container.spec.ids = {};
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable),
            (Lines{"a user namespace of its own needs an id map"}));
  container.spec.namespaces.erase(Namespace::kUser);
  container.spec.ids.uids = {{0, 1, 2}};
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable),
            (Lines{"an id map needs a user namespace of its own"}));
}

TEST(UserNamespaceTest, OfAnotherContainer) {
  Planned container;
  container.spec.joins = {{Namespace::kUser, "", "other"}};
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable),
            (Lines{"the ids of the user namespace to join are not known"}));
  container.facts.joined_ids = {{{0, 100000, 10}}, {{0, 100000, 10}}};
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable), Lines{});
  EXPECT_EQ(container.Ask(rules::JoinsAreUsable), Lines{});
  EXPECT_TRUE(container.HasStep("become user 0:0"));
  container.spec.joins = {{Namespace::kNet, "", "web"}};
  container.spec.namespaces.erase(Namespace::kNet);
  EXPECT_EQ(container.Ask(rules::JoinsAreUsable),
            (Lines{"namespace network cannot be joined: it is the container's own"}));
  // A /proc of a pid namespace that is not the user namespace's cannot be mounted.
  MappedContainer mapped;
  mapped.spec.joins = {{Namespace::kPid, "/proc/1/ns/pid"}};
  mapped.spec.namespaces.erase(Namespace::kPid);
  EXPECT_EQ(mapped.Ask(rules::UserNamespaceIsUsable).size(), 1u);
}

// Ids of an ordinary user's own map are those that it has.
TEST(UserNamespaceTest, WithinAnOrdinaryUsers) {
  RootlessContainer container;
  container.spec.namespaces.insert(Namespace::kUser);
  container.spec.image.clear();
  container.spec.rootfs = "/srv/root";
  container.spec.command = {"sh"};
  container.spec.ids = {{{0, 1, 1000}, {1000, 0, 1}}, {{0, 1, 65536}}};
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable), Lines{});
  // Their owners stay as they are: the kernel maps mounts for root alone.
  EXPECT_TRUE(
      container.HasStep("overlay of 1 layer, upper /run/pelagos/containers/web/upper -> "
                        "/run/pelagos/containers/web with user xattrs"));
  container.spec.ids.gids = {{0, 1, 65537}};
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable),
            (Lines{"the id map has the group id 65537, which this user's ranges do not: they are "
                   "0:1000:1, 1:100000:65536 (inside:host:count)"}));
  container.spec.ids.gids = container.spec.ids.uids;
  container.spec.rootfs.clear();
  EXPECT_EQ(container.Ask(rules::UserNamespaceIsUsable),
            (Lines{"the owners of an image's files can be mapped for root alone: an ordinary user "
                   "can have an id map of its own only with a root folder"}));
}

TEST(UserNamespaceTest, Clocks) {
  Planned container;
  container.spec.time.boottime = TimeOffset{3600, 0};
  EXPECT_EQ(container.Ask(rules::TimeOffsetsAreUsable),
            (Lines{"offsets of clocks need a time namespace of its own"}));
  container.spec.namespaces.insert(Namespace::kTime);
  EXPECT_EQ(container.Ask(rules::TimeOffsetsAreUsable), Lines{});
  container.spec.time.monotonic = TimeOffset{0, 1000000000};
  EXPECT_EQ(container.Ask(rules::TimeOffsetsAreUsable),
            (Lines{"the offset of monotonic has more than 999999999 nanoseconds"}));
  container.spec.time = {};
  EXPECT_EQ(container.Ask(rules::TimeOffsetsAreUsable),
            (Lines{"a time namespace of its own needs an offset"}));
}

}  // namespace
}  // namespace pelagos
