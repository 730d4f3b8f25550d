#include "pelagos/plan/user_namespace.h"

#include <gtest/gtest.h>

#include "pelagos/plan/make_plan.h"
#include "pelagos/plan/print.h"
#include "pelagos/plan/usual_container.h"

namespace pelagos {
namespace {

using Lines = std::vector<std::string>;

struct RootlessContainer : UsualContainer {
  RootlessContainer() {
    facts.rootless = RootlessFacts{{{{0, 1000, 1}, {1, 100000, 65536}},  //
                                    {{0, 1000, 1}, {1, 100000, 65536}}}};
    facts.in_user_namespace = true;
    facts.cgroups.usable = false;
  }
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

TEST(UserNamespaceTest, DevicesAreBoundAndOverlaysKeepUserXattrs) {
  RootlessContainer container;
  EXPECT_TRUE(container.HasStep("device 1:3, the host's node /dev/null -> /dev/null"));
  EXPECT_TRUE(container.HasStep(
      "overlay of 1 layer, upper /run/pelagos/containers/web/upper -> /run/pelagos/mnt with user "
      "xattrs"));
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
  container.facts.cgroups.v2_mount = "/sys/fs/cgroup";
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

}  // namespace
}  // namespace pelagos
