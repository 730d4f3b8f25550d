#include "pelagos/plan/make_plan.h"

#include <gtest/gtest.h>

namespace pelagos {
namespace {

ContainerSpec Spec() {
  ContainerSpec spec;
  spec.name = "web";
  spec.image = "busybox";
  return spec;
}

ResolvedImage Image() {
  ResolvedImage image;
  image.layers = {"/layers/top", "/layers/base"};
  image.cmd = {"sh"};
  return image;
}

LaunchPlan Plan(const ContainerSpec& spec, const ResolvedImage& image = Image(),
                const ResolvedUser& user = {}, const HostFacts& facts = {}) {
  Diagnostics diags;
  std::optional<LaunchPlan> plan = MakePlan(spec, image, user, facts, diags);
  EXPECT_TRUE(plan.has_value()) << Render({}, diags);
  return plan.value_or(LaunchPlan{});
}

template <typename T>
int IndexOf(const LaunchPlan& plan) {
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    if (std::holds_alternative<T>(plan.ops[i])) return static_cast<int>(i);
  }
  return -1;
}
template <typename T>
const T& Find(const LaunchPlan& plan) {
  return std::get<T>(plan.ops.at(static_cast<size_t>(IndexOf<T>(plan))));
}

TEST(MakePlanTest, TheLastStepsComeInTheOrderTheKernelNeeds) {
  EXPECT_EQ(IndexOf<AwaitStart>(Plan(Spec())), -1) << "there is nothing to wait for";
  ContainerSpec connected = Spec();
  connected.net = NetPlanBuilder().Join("net").Build();
  const LaunchPlan plan = Plan(connected);
  EXPECT_EQ(IndexOf<MakeMountsPrivate>(plan), 0);
  EXPECT_EQ(IndexOf<MountOverlayRoot>(plan), 1);
  const int steps[] = {IndexOf<MaskPath>(plan),          IndexOf<MakeReadOnly>(plan),
                       IndexOf<PivotRoot>(plan),         IndexOf<LoopbackUp>(plan),
                       IndexOf<SetHostname>(plan),       IndexOf<AwaitStart>(plan),
                       IndexOf<ChangeFolder>(plan),      IndexOf<SetUser>(plan),
                       IndexOf<LimitCapabilities>(plan), IndexOf<SetNoNewPrivileges>(plan),
                       IndexOf<InstallSeccomp>(plan),    IndexOf<Exec>(plan)};
  for (size_t i = 1; i < std::size(steps); ++i) EXPECT_LT(steps[i - 1], steps[i]) << i;
  EXPECT_EQ(static_cast<size_t>(IndexOf<Exec>(plan)), plan.ops.size() - 1);
}

TEST(MakePlanTest, IsPure) { EXPECT_EQ(Plan(Spec()), Plan(Spec())); }

TEST(MakePlanTest, TheRootIsAnOverlayOfTheLayers) {
  HostFacts facts;
  facts.run_root = "/r";
  const LaunchPlan plan = Plan(Spec(), Image(), {}, facts);
  EXPECT_EQ(Find<MountOverlayRoot>(plan), (MountOverlayRoot{{"/layers/top", "/layers/base"},
                                                            "/r/containers/web/upper",
                                                            "/r/containers/web/work",
                                                            "/r/containers/web"}));
  EXPECT_EQ(plan.folders,
            (std::vector<std::string>{"/r/containers/web/upper", "/r/containers/web/work"}));
}

TEST(MakePlanTest, ARootFolderIsNeverWrittenTo) {
  ContainerSpec spec = Spec();
  spec.image.clear();
  spec.rootfs = "/srv/root";
  spec.command = {"/init"};
  const LaunchPlan plan = Plan(spec, {});
  EXPECT_EQ(Find<MountOverlayRoot>(plan).lowers, std::vector<std::string>{"/srv/root"});
  EXPECT_FALSE(Find<MountOverlayRoot>(plan).upper.empty());
}

// A missing work folder is made first.
TEST(MakePlanTest, ReadOnlySealsTheRootAfterTheWorkFolder) {
  EXPECT_EQ(IndexOf<SealRoot>(Plan(Spec())), -1);
  ContainerSpec spec = Spec();
  spec.read_only = true;
  const LaunchPlan plan = Plan(spec);
  EXPECT_GT(IndexOf<SealRoot>(plan), IndexOf<ChangeFolder>(plan));
  EXPECT_LT(IndexOf<SealRoot>(plan), IndexOf<SetUser>(plan));
}

TEST(MakePlanTest, HostNetworkHasNoNamespaceAndNoLoopback) {
  ContainerSpec spec = Spec();
  spec.net.mode = NetMode::kHost;
  const LaunchPlan plan = Plan(spec);
  EXPECT_FALSE(plan.namespaces.contains(Namespace::kNet));
  EXPECT_EQ(IndexOf<LoopbackUp>(plan), -1);
  EXPECT_TRUE(Plan(Spec()).namespaces.contains(Namespace::kNet));  // none is not host
}

TEST(MakePlanTest, SwitchesTurnStepsOff) {
  ContainerSpec spec = Spec();
  spec.no_new_privileges = false;
  spec.seccomp.profile = SeccompProfile::kUnconfined;
  spec.namespaces.erase(Namespace::kUts);
  const LaunchPlan plan = Plan(spec);
  EXPECT_EQ(IndexOf<SetNoNewPrivileges>(plan), -1);
  EXPECT_EQ(IndexOf<InstallSeccomp>(plan), -1);
  EXPECT_EQ(IndexOf<SetHostname>(plan), -1);
}

TEST(MakePlanTest, UserAndStop) {
  ResolvedImage image = Image();
  image.stop_signal = "SIGQUIT";
  ContainerSpec spec = Spec();
  spec.stop_grace_seconds = 3;
  spec.extra_hosts = {{"db", "10.0.0.5"}};
  const LaunchPlan plan = Plan(spec, image, {1000, 1001, {4}, "/home/app"});
  EXPECT_EQ(Find<SetUser>(plan), (SetUser{1000, 1001, {4}}));
  EXPECT_EQ(plan.stop_signal, 3);
  EXPECT_EQ(plan.stop_grace_seconds, 3);
  EXPECT_EQ(plan.extra_hosts, spec.extra_hosts);
  EXPECT_EQ(Plan(Spec()).stop_signal, 15);
}

TEST(MakePlanTest, SaysAllThatIsWrongAndMakesNoPlan) {
  ContainerSpec spec = Spec();
  spec.workdir = "rel";
  spec.stop_grace_seconds = -1;
  spec.cgroup.memory_bytes = 64_MiB;  // the host has no controllers
  Diagnostics diags;
  EXPECT_EQ(MakePlan(spec, Image(), {}, {}, diags), std::nullopt);
  EXPECT_EQ(diags.errors(), 3u);
}

// Errors that were there before are not this plan's.
TEST(MakePlanTest, EarlierErrorsDoNotCount) {
  Diagnostics diags;
  diags.Error({}, "elsewhere");
  EXPECT_TRUE(MakePlan(Spec(), Image(), {}, {}, diags).has_value());
}

}  // namespace
}  // namespace pelagos
