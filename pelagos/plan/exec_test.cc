#include "pelagos/plan/exec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pelagos/plan/make_plan.h"
#include "pelagos/plan/print.h"
#include "pelagos/plan/usual_container.h"

namespace pelagos {
namespace {

using Lines = std::vector<std::string>;

struct World : UsualContainer {
  ExecRequest request;
  World() {
    spec.id = "abc";
    request.command = {"id", "-u"};
    facts.cgroups.v2_mount = "/sys/fs/cgroup";
    facts.cgroups.v2_controllers = {CgroupController::kMemory, CgroupController::kPids};
    facts.cgroups.v1_mounts = {{CgroupController::kCpu, "/sys/fs/cgroup/cpu"}};
  }
  LaunchPlan Plan() const {
    Diagnostics diags;
    const auto plan = PlanExec(spec, image, user, facts, request, diags);
    EXPECT_TRUE(plan.has_value()) << Render({}, diags);
    return plan.value_or(LaunchPlan{});
  }
  Lines Steps() const {
    Lines lines;
    for (const Op& op : Plan().ops) lines.push_back(Describe(op));
    return lines;
  }
  Lines Mistakes() const {
    Diagnostics diags;
    EXPECT_FALSE(PlanExec(spec, image, user, facts, request, diags).has_value());
    Lines lines;
    for (const Diagnostic& diagnostic : diags.list()) lines.push_back(diagnostic.message);
    return lines;
  }
  // The container's own last steps, as far as they have this type.
  template <typename T>
  std::vector<T> Of(const LaunchPlan& plan) const {
    std::vector<T> found;
    for (const Op& op : plan.ops) {
      if (const T* step = std::get_if<T>(&op)) found.push_back(*step);
    }
    return found;
  }
  LaunchPlan Containers() const {
    Diagnostics diags;
    return MakePlan(spec, image, user, facts, diags).value_or(LaunchPlan{});
  }
};

TEST(PlanExecTest, JoinsWhatTheContainerHas) {
  World world;
  world.spec.net.mode = NetMode::kHost;
  world.spec.namespaces.erase(Namespace::kIpc);
  world.spec.joins = {{Namespace::kUts, "/proc/1/ns/uts"}};
  world.spec.namespaces.erase(Namespace::kUts);
  const LaunchPlan plan = world.Plan();
  std::vector<Namespace> kinds;
  for (const NamespaceJoin& join : plan.joins) {
    EXPECT_EQ(join.container, "web");
    kinds.push_back(join.kind);
  }
  EXPECT_EQ(kinds, (std::vector<Namespace>{Namespace::kMount, Namespace::kPid, Namespace::kUts,
                                           Namespace::kCgroup}));
  EXPECT_EQ(plan.namespaces, NamespaceSet{});
  EXPECT_EQ(plan.id, "web");
}

TEST(PlanExecTest, JoinsTheContainersCgroups) {
  World world;
  world.spec.cgroup.memory_bytes = 64 << 20;
  world.spec.cgroup.cpu_shares = 512;
  world.spec.cgroup.parent = "a/b";
  const LaunchPlan plan = world.Plan();
  const CgroupSteps containers = world.Containers().cgroup;
  EXPECT_TRUE(plan.cgroup.joined);
  EXPECT_EQ(plan.cgroup.v2, "/sys/fs/cgroup/a/b/pelagos-abc");
  EXPECT_EQ(plan.cgroup.v2, containers.v2);
  EXPECT_EQ(plan.cgroup.v1, Lines{"/sys/fs/cgroup/cpu/a/b/pelagos-abc"});
  EXPECT_EQ(plan.cgroup.v1, containers.v1);
  EXPECT_TRUE(plan.cgroup.limits.empty());
  EXPECT_TRUE(plan.cgroup.devices.empty());
}

// A host with v1 alone: every container has a folder of the devices hierarchy, but for those that
// may use all of them.
TEST(PlanExecTest, JoinsTheContainersCgroupsOfV1) {
  World world;
  world.facts.cgroups = {};
  world.facts.cgroups.v1_mounts = {{CgroupController::kDevices, "/cg/devices"},
                                   {CgroupController::kCpu, "/cg/cpu"}};
  EXPECT_EQ(world.Plan().cgroup.v1, Lines{"/cg/devices/pelagos-abc"});
  EXPECT_EQ(world.Plan().cgroup.v1, world.Containers().cgroup.v1);
  world.spec.privileged = true;
  EXPECT_EQ(world.Plan().cgroup.v1, Lines{});
  EXPECT_EQ(world.Plan().cgroup.v1, world.Containers().cgroup.v1);
  world.facts.cgroups.usable = false;
  world.spec.cgroup.cpu_shares = 512;
  EXPECT_EQ(world.Plan().cgroup.v1, Lines{});
}

TEST(PlanExecTest, HasTheLimitsAndRightsOfTheFirstProcess) {
  World world;
  world.facts.apparmor = true;
  world.facts.landlock_abi = 3;
  world.user = {1000, 1000, {5}, "/home/u"};
  world.spec.umask = 027;
  world.spec.oom_score_adj = 100;
  world.spec.labels.apparmor = "strict";
  world.spec.rlimits.Set(Rlimit::kNofile, {10, 20});
  world.spec.landlock = {{"/", {true, false, true}}};
  const LaunchPlan plan = world.Plan();
  const LaunchPlan containers = world.Containers();
  ASSERT_FALSE(containers.ops.empty());
  const auto expect_same = [&](auto kind) {
    using T = decltype(kind);
    EXPECT_EQ(world.Of<T>(plan), world.Of<T>(containers));
    EXPECT_EQ(world.Of<T>(plan).size(), 1u);
  };
  expect_same(SetUser{});
  expect_same(LimitCapabilities{});
  expect_same(SetNoNewPrivileges{});
  expect_same(InstallSeccomp{});
  expect_same(SetRlimit{});
  expect_same(SetUmask{});
  expect_same(SetOomScoreAdj{});
  expect_same(SetExecLabel{});
  expect_same(RestrictPaths{});
  const Exec exec = world.Of<Exec>(plan)[0];
  EXPECT_EQ(exec.argv, (Lines{"id", "-u"}));
  EXPECT_EQ(exec.env, world.Of<Exec>(containers)[0].env);
}

TEST(PlanExecTest, HasWhatItWasAskedFor) {
  World world;
  world.spec.workdir = "/srv";
  world.spec.init = true;
  world.spec.env = {{"A", "container"}, {"B", "container"}};
  world.request.env = {{"A", "own"}};
  EXPECT_EQ(world.Of<ChangeFolder>(world.Plan())[0], (ChangeFolder{"/srv", false}));
  EXPECT_TRUE(world.Of<OpenTerminal>(world.Plan()).empty());
  EXPECT_FALSE(world.Plan().outlives_launcher);
  world.request.workdir = "/tmp";
  world.request.terminal = world.request.detached = world.request.privileged = true;
  world.spec.capabilities = {};
  const LaunchPlan plan = world.Plan();
  EXPECT_EQ(world.Of<ChangeFolder>(plan)[0], (ChangeFolder{"/tmp", false}));
  EXPECT_EQ(world.Of<OpenTerminal>(plan)[0], (OpenTerminal{0, false}));
  EXPECT_EQ(world.Of<LimitCapabilities>(plan)[0].keep, CapabilitySet::All());
  EXPECT_TRUE(plan.outlives_launcher);
  EXPECT_EQ(world.Of<Exec>(plan)[0].argv, (Lines{"id", "-u"}));
  EXPECT_EQ(world.Of<Exec>(plan)[0].env,
            (Lines{"A=own", "B=container", "HOME=/", "HOSTNAME=web",
                   std::string("PATH=") + kDefaultPath, "TERM=xterm"}));
}

TEST(PlanExecTest, EntersAUserNamespaceAsItsRoot) {
  World world;
  world.spec.namespaces.insert(Namespace::kUser);
  world.spec.ids = {{{0, 100000, 10}}, {{0, 100000, 10}}};
  EXPECT_EQ(world.Steps()[0], Describe(Op(EnterRoot{})));
  EXPECT_EQ(world.Steps()[1], Describe(Op(BecomeRoot{})));
  EXPECT_EQ(world.Plan().ids, world.spec.ids);
  world.user.uid = 10;
  EXPECT_EQ(world.Mistakes().size(), 1u);
}

TEST(PlanExecTest, Mistakes) {
  World world;
  world.request.command.clear();
  world.request.workdir = "tmp";
  EXPECT_EQ(world.Mistakes(), (Lines{"there is no program to run",
                                     "the working directory 'tmp' must be an absolute path"}));
}

}  // namespace
}  // namespace pelagos
