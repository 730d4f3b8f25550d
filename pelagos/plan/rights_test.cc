// The rules of a container's rights, and the steps that follow from them.
#include <gtest/gtest.h>

#include "pelagos/plan/make_plan.h"
#include "pelagos/plan/rights_rules.h"
#include "pelagos/plan/usual_container.h"

namespace pelagos {
namespace {

struct World : UsualContainer {
  World() {
    facts.apparmor = facts.selinux = true;
    facts.landlock_abi = 5;
  }
  LaunchPlan Plan() const {
    Diagnostics diags;
    const std::optional<LaunchPlan> plan = MakePlan(spec, image, user, facts, diags);
    EXPECT_TRUE(plan.has_value()) << Render({}, diags);
    return plan.value_or(LaunchPlan{});
  }
};

using Lines = std::vector<std::string>;
using Notes = std::vector<PlanNote>;

int IndexOf(const LaunchPlan& plan, const std::string& step) {
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    if (Describe(plan.ops[i]).substr(0, step.size()) == step) return static_cast<int>(i);
  }
  ADD_FAILURE() << "no step '" << step << "'";
  return -1;
}

void ExpectOrder(const LaunchPlan& plan, const Lines& steps) {
  for (size_t i = 1; i < steps.size(); ++i) {
    EXPECT_LT(IndexOf(plan, steps[i - 1]), IndexOf(plan, steps[i])) << steps[i];
  }
}

TEST(RightsRulesTest, Sysctls) {
  World world;
  world.spec.sysctls = {{"net.ipv4.ip_forward", "1"}, {"kernel.sem", "1 2 3 4"}};
  EXPECT_EQ(world.Ask(rules::SysctlsAreTheContainers), Lines{});
  world.spec.net.mode = NetMode::kHost;
  world.spec.namespaces.erase(Namespace::kIpc);
  EXPECT_EQ(world.Ask(rules::SysctlsAreTheContainers),
            (Lines{"sysctl kernel.sem would be the host's: the container has no ipc namespace of "
                   "its own",
                   "sysctl net.ipv4.ip_forward would be the host's: the container has no network "
                   "namespace of its own"}));
  World other;
  other.spec.sysctls = {{"kernel.core_pattern", "|/x"},          {"kernel.hostname", "x"},
                        {"net.ipv4.conf.eth0.forwarding", "1"},  {"net..x", "1"},
                        {"net.w", "1\nkernel.core_pattern=|/x"}, {"net.x", std::string(1, '\0')}};
  EXPECT_EQ(
      other.Ask(rules::SysctlsAreTheContainers),
      (Lines{"sysctl kernel.core_pattern is a setting of the whole host, not of a container",
             "sysctl kernel.hostname is not set this way", "sysctl net..x is no name of a setting",
             "sysctl net.ipv4.conf.eth0.forwarding is of an interface that the container "
             "does not get: it joins no network",
             "sysctl net.w has a value with a line's end or another control character",
             "sysctl net.x has a value with a line's end or another control character"}));
}

TEST(RightsRulesTest, Numbers) {
  World world;
  world.spec.rlimits.Set(Rlimit::kNofile, {9, 3});
  EXPECT_EQ(world.Ask(rules::RlimitsAreUsable),
            Lines{"ulimit nofile has a soft limit above its hard limit"});
  world.spec.oom_score_adj = 1001;
  EXPECT_EQ(world.Ask(rules::OomScoreAdjIsUsable),
            Lines{"oom-score-adj 1001 must be from -1000 to 1000"});
  world.spec.umask = 01000;
  EXPECT_EQ(world.Ask(rules::UmaskIsUsable), Lines{"umask must be from 0000 to 0777"});
  world.spec.domainname = "-x";
  world.spec.namespaces.erase(Namespace::kUts);
  EXPECT_EQ(world.Ask(rules::DomainnameIsUsable).size(), 2u);
}

TEST(RightsRulesTest, WhatTheHostLacksIsAnError) {
  World world;
  world.spec.labels = {"web", "u:r:t:s0", "u:object_r:t:s0"};
  world.spec.landlock = {{"/", {true, false, true}}};
  EXPECT_EQ(world.Ask(rules::LabelsAreUsable), Lines{});
  EXPECT_EQ(world.Ask(rules::LandlockIsUsable), Lines{});
  world.facts = {};
  EXPECT_EQ(world.Ask(rules::LabelsAreUsable),
            (Lines{"AppArmor profile 'web' is asked for, but this host's kernel does not enforce "
                   "AppArmor",
                   "SELinux label 'u:r:t:s0' is asked for, but SELinux is off on this host",
                   "SELinux label 'u:object_r:t:s0' is asked for, but SELinux is off on this "
                   "host"}));
  EXPECT_EQ(world.Ask(rules::LandlockIsUsable),
            Lines{"landlock rules are given, but this host's kernel has no Landlock"});
}

TEST(RightsRulesTest, CapabilitySets) {
  World world;
  world.spec.capabilities = {};
  world.spec.process_capabilities = ProcessCapabilities::Ambient({"kill"_cap});
  EXPECT_EQ(world.Ask(rules::CapabilitySetsFitTogether),
            Lines{"the capabilities have inheritable ones outside the bounding set"});
}

TEST(RightsPlanTest, WhatIsNotAskedForIsNoStep) {
  const LaunchPlan plan = World().Plan();
  for (const Op& op : plan.ops) {
    EXPECT_FALSE(std::holds_alternative<SetRlimit>(op));
    EXPECT_FALSE(std::holds_alternative<SetOomScoreAdj>(op));
    EXPECT_FALSE(std::holds_alternative<SetExecLabel>(op));
    EXPECT_FALSE(std::holds_alternative<RestrictPaths>(op));
    EXPECT_FALSE(std::holds_alternative<SetUmask>(op));
    EXPECT_FALSE(std::holds_alternative<SetDomainname>(op));
  }
  EXPECT_TRUE(plan.notes.empty());
}

TEST(RightsPlanTest, StepsComeWhileTheyCanStillBeDone) {
  World world;
  world.spec.net = NetPlanBuilder().Join("net").Build();
  world.spec.labels = {"web", "", ""};
  world.spec.oom_score_adj = 5;
  world.spec.sysctls = {{"kernel.sem", "1 2 3 4"}};
  world.spec.domainname = "d";
  world.spec.landlock = {{"/", {true, false, true}}};
  world.spec.rlimits.Set(Rlimit::kNofile, {9, 9});
  world.spec.umask = 077;
  world.spec.read_only = true;
  const LaunchPlan plan = world.Plan();
  ExpectOrder(
      plan, {"make every mount private", "AppArmor profile web", "oom_score_adj 5", "overlay",
             "mount proc", "sysctl kernel.sem", "read-only /proc/sys", "pivot root", "domainname d",
             "await start", "work folder", "make the root read-only", "landlock: rx:/",
             "limit nofile 9:9", "umask 0077", "user ", "capabilities"});
}

TEST(RightsPlanTest, TheFilterComesWhileItMayBeInstalled) {
  World world;
  ExpectOrder(world.Plan(), {"user ", "capabilities", "no new privileges", "seccomp"});
  world.spec.no_new_privileges = false;
  ExpectOrder(world.Plan(), {"seccomp", "user ", "capabilities", "exec"});
}

TEST(RightsPlanTest, InitIsTheFirstProgram) {
  World world;
  world.spec.init = true;
  EXPECT_EQ(world.Ask(rules::InitIsThere), Lines{"init: the program pelagos-init is not found"});
  world.facts.init_program = "/p/pelagos-init";
  world.spec.landlock = {{"/bin", {true, false, true}}};
  const LaunchPlan plan = world.Plan();
  ExpectOrder(
      plan, {"mount tmpfs -> /dev", "bind /p/pelagos-init -> /dev/pelagos-init read-only",
             "pivot root", "landlock: rx:/bin rx:/dev/pelagos-init", "exec /dev/pelagos-init sh"});
}

TEST(RightsPlanTest, JoinsAreChecked) {
  World world;
  world.spec.joins = {{Namespace::kIpc, "/proc/1/ns/ipc"},
                      {Namespace::kMount, "/proc/1/ns/mnt"},
                      {Namespace::kUts, "x"}};
  world.spec.namespaces.erase(Namespace::kUts);
  world.spec.namespaces.erase(Namespace::kPid);
  EXPECT_EQ(
      world.Ask(rules::JoinsAreUsable),
      (Lines{"namespace ipc cannot be joined and made, or joined twice",
             "namespace mount cannot be joined: a container mounts its root in one of its own",
             "namespace mount cannot be joined and made, or joined twice",
             "namespace uts is joined by an absolute path",
             "without a pid namespace of its own a container's processes are told from "
             "others by a cgroup v2, which this host does not mount"}));
  World fine;
  fine.spec.namespaces.erase(Namespace::kIpc);
  fine.spec.joins = {{Namespace::kIpc, "/proc/1/ns/ipc"}};
  EXPECT_EQ(fine.Plan().joins, fine.spec.joins);
}

TEST(RightsPlanTest, SettingsOfInterfacesWaitForTheNetwork) {
  World world;
  world.spec.net = NetPlanBuilder().Join("net", {"web"}).Build();
  world.spec.sysctls = {{"net.ipv4.conf.eth0.forwarding", "1"}, {"net.ipv4.ip_forward", "1"}};
  const LaunchPlan plan = world.Plan();
  ExpectOrder(plan, {"sysctl net.ipv4.ip_forward", "await start", "sysctl net.ipv4.conf.eth0",
                     "read-only /proc/sys"});
  int awaits = 0;
  for (const Op& op : plan.ops) awaits += std::holds_alternative<AwaitStart>(op) ? 1 : 0;
  EXPECT_EQ(awaits, 1);
}

const LimitCapabilities& Capabilities(const LaunchPlan& plan) {
  return std::get<LimitCapabilities>(
      plan.ops.at(static_cast<size_t>(IndexOf(plan, "capabilities"))));
}

TEST(RightsPlanTest, CapabilitiesThatTheCallerLacksAreLeftOutAndSaid) {
  World world;
  world.spec.capabilities = {"kill"_cap, "sys-resource"_cap};
  world.facts.capabilities = CapabilitySet::All() - CapabilitySet{"sys-resource"_cap};
  const LaunchPlan plan = world.Plan();
  EXPECT_EQ(Capabilities(plan), LimitCapabilities{{"kill"_cap}});
  const std::string text = "left out, since the caller lacks them: capabilities ";
  EXPECT_EQ(plan.notes, Notes({{text + "sys-resource", false}}));
}

TEST(RightsPlanTest, WhatWasNamedIsToldFromWhatIsPartOfASet) {
  World world;
  world.spec.capabilities = CapabilitySet::All();
  world.spec.named_capabilities = {"sys-time"_cap, "kill"_cap};
  world.facts.capabilities =
      CapabilitySet::All() - CapabilitySet{"sys-resource"_cap, "sys-time"_cap};
  const std::string text = "left out, since the caller lacks them: capabilities ";
  EXPECT_EQ(world.Plan().notes, Notes({{text + "sys-time", true}, {text + "sys-resource", false}}));
}

TEST(RightsPlanTest, AmbientIsForOrdinaryUsers) {
  World world;
  world.spec.capabilities = {"kill"_cap};
  world.spec.ambient_capabilities = true;
  EXPECT_EQ(Capabilities(world.Plan()), LimitCapabilities{{"kill"_cap}});
  world.user.uid = 1000;
  EXPECT_EQ(Capabilities(world.Plan()),
            (LimitCapabilities{{"kill"_cap}, ProcessCapabilities::Ambient({"kill"_cap})}));
}

TEST(RightsPlanTest, PrivilegedHidesNothing) {
  World world;
  world.spec.privileged = true;
  for (const Op& op : world.Plan().ops) {
    EXPECT_FALSE(std::holds_alternative<MaskPath>(op)) << Describe(op);
    EXPECT_FALSE(std::holds_alternative<MakeReadOnly>(op)) << Describe(op);
    const auto* mount = std::get_if<MountFilesystem>(&op);
    if (mount != nullptr && mount->type == "sysfs") {
      EXPECT_EQ(mount->flags & kMountReadOnly, 0u);
    }
  }
}

TEST(RightsPlanTest, LabelsOfMounts) {
  World world;
  world.spec.labels.selinux_mount = "u:object_r:t:s0:c1,c2";
  const LaunchPlan plan = world.Plan();
  IndexOf(
      plan,
      "overlay of 1 layer, upper /run/pelagos/containers/web/upper -> /run/pelagos/containers/web "
      "label u:object_r:t:s0:c1,c2");
  IndexOf(plan,
          "mount tmpfs -> /dev nosuid,strictatime (mode=755,size=65536k,"
          "context=\"u:object_r:t:s0:c1,c2\")");
}

TEST(RightsPlanTest, AnOldLandlockIsSaid) {
  World world;
  world.spec.landlock = {{"/", {true, false, true}}};
  world.facts.landlock_abi = 2;
  EXPECT_EQ(world.Plan().notes,
            Notes({{"Landlock of this kernel (version 2) cannot deny truncate(2) of files that may "
                    "not be written",
                    true}}));
}

}  // namespace
}  // namespace pelagos
