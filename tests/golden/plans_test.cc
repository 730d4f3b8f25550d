// Plans of stacks and of single containers, as text and as JSON.

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/diagnostic.h"
#include "pelagos/plan/json.h"
#include "pelagos/plan/make_plan.h"
#include "pelagos/plan/print.h"
#include "pelagos/spec/container.h"
#include "tests/golden/golden.h"
#include "tests/golden/stack.h"

namespace pelagos::golden {
namespace {

constexpr char kFolder[] = "tests/golden/plans";

template <typename Plan>
void ExpectPlan(const std::string& path, const Plan& plan) {
  ExpectGolden(WithEnding(path, ".txt"), Print(plan));
  ExpectGolden(WithEnding(path, ".json"), ToJson(plan));
}

class StackPlanTest : public ::testing::TestWithParam<std::string> {};

// The first line of a program names its host: "; host: v2".
TEST_P(StackPlanTest, IsAsBefore) {
  const std::string text = ReadTestFile(GetParam());
  constexpr absl::string_view kHost = "; host: ";
  ASSERT_EQ(absl::string_view(text).substr(0, kHost.size()), kHost);
  const std::string host = text.substr(kHost.size(), text.find('\n') - kHost.size());
  const StackResult result = PlanStack(GetParam(), text, FactsOf(host));
  ASSERT_TRUE(result.plan.has_value()) << result.report;
  EXPECT_EQ(result.report, "");
  ExpectPlan(GetParam(), *result.plan);
}

INSTANTIATE_TEST_SUITE_P(Stacks, StackPlanTest, ::testing::ValuesIn(TestFiles(kFolder, ".reml")),
                         [](const auto& info) {
                           const size_t begin = info.param.rfind('/') + 1;
                           return info.param.substr(begin, info.param.find('.') - begin);
                         });

LaunchPlan PlanOf(const ContainerSpec& spec, const std::string& host) {
  Diagnostics diags;
  const ResolvedImage image = spec.rootfs.empty() ? ImageOf(spec.image) : ResolvedImage{};
  const auto plan = MakePlan(spec, image, UserOf(spec.user), FactsOf(host), diags);
  EXPECT_TRUE(plan.has_value()) << Render({}, diags);
  return plan.value_or(LaunchPlan{});
}

ContainerSpec Named(const std::string& name) {
  ContainerSpec spec;
  spec.name = name;
  spec.image = "busybox";
  return spec;
}

TEST(ContainerPlanTest, Minimal) {
  ExpectPlan(absl::StrCat(kFolder, "/container_minimal.txt"), PlanOf(Named("minimal"), "none"));
}

// Nothing left that can be taken away.
TEST(ContainerPlanTest, Hardened) {
  ContainerSpec spec = Named("hardened");
  spec.command = {"sh", "-c", "echo 'no way'"};
  spec.user = "1000:1000";
  spec.capabilities = {};
  spec.read_only = true;
  spec.cgroup = CgroupPlanBuilder().Memory<64_MiB>().Cpus("0.25"_cpus).Pids<32>().Build();
  spec.mounts = MountPlan().Tmpfs("/tmp"_path);
  ExpectPlan(absl::StrCat(kFolder, "/container_hardened.txt"), PlanOf(spec, "v2"));
}

// Mounts and devices in all their ways.
TEST(ContainerPlanTest, Mounts) {
  ContainerSpec spec = Named("mounts");
  Mount bind = {MountKind::kBind, "/srv/www", "/www", true};
  bind.options.propagation = Propagation::kSlave;
  bind.options.recursion = BindRecursion::kWritable;
  bind.options.noexec = true;
  spec.mounts.push_back(bind);
  Mount volume = {MountKind::kVolume, "data", "/data", false};
  volume.options.subpath = "a/b";
  volume.options.ids = {{{0, 1000, 10}}, {{0, 1000, 10}}};
  spec.mounts.push_back(volume);
  Mount tmpfs = {MountKind::kTmpfs, "", "/tmp", false};
  tmpfs.options.tmpfs.size_bytes = 1 << 20;
  spec.mounts.push_back(tmpfs);
  spec.shm_bytes = 128 << 20;
  spec.devices = {{"/dev/fuse", "/dev/fuse", "rwm"}};
  Diagnostics diags;
  HostFacts facts = FactsOf("v2");
  facts.devices["/dev/fuse"] = {{"", false, 10, 229, 0660, 0, 44}};
  const auto plan = MakePlan(spec, ImageOf(spec.image), UserOf(spec.user), facts, diags);
  ASSERT_TRUE(plan.has_value()) << Render({}, diags);
  ExpectPlan(absl::StrCat(kFolder, "/container_mounts.txt"), *plan);
}

// With a user namespace and clocks of its own, and the network of another container.
TEST(ContainerPlanTest, Mapped) {
  ContainerSpec spec = Named("mapped");
  spec.namespaces.insert(Namespace::kUser);
  spec.namespaces.insert(Namespace::kTime);
  spec.namespaces.erase(Namespace::kNet);
  spec.joins = {{Namespace::kNet, "", "web"}};
  spec.ids = {{{0, 100000, 65536}}, {{0, 200000, 1000}, {1000, 5, 1}}};
  spec.time = {TimeOffset{-2, 500000000}, TimeOffset{3600, 0}};
  spec.mounts = MountPlan().Volume("data", "/data"_path);
  ExpectPlan(absl::StrCat(kFolder, "/container_mapped.txt"), PlanOf(spec, "v2"));
}

// By an ordinary user, with ranges of its own.
TEST(ContainerPlanTest, Rootless) {
  ContainerSpec spec = Named("rootless");
  spec.user = "1000:1000";
  spec.net.mode = NetMode::kHost;
  HostFacts facts = FactsOf("v2");
  facts.rootless = RootlessFacts{{{{0, 1000, 1}, {1, 100000, 65536}},  //
                                  {{0, 1000, 1}, {1, 100000, 65536}}}};
  facts.in_user_namespace = true;
  facts.cgroups.usable = false;
  Diagnostics diags;
  const auto plan = MakePlan(spec, ImageOf(spec.image), UserOf(spec.user), facts, diags);
  ASSERT_TRUE(plan.has_value()) << Render({}, diags);
  ExpectPlan(absl::StrCat(kFolder, "/container_rootless.txt"), *plan);
}

// All that can be switched off.
TEST(ContainerPlanTest, Open) {
  ContainerSpec spec = Named("open");
  spec.image.clear();
  spec.rootfs = "/srv/root";
  spec.command = {"/sbin/init"};
  spec.hostname = "box";
  spec.net.mode = NetMode::kHost;
  spec.capabilities = CapabilitySet::All();
  spec.seccomp.profile = SeccompProfile::kUnconfined;
  spec.no_new_privileges = false;
  spec.namespaces = Namespaces<Namespace::kMount, Namespace::kPid>();
  ExpectPlan(absl::StrCat(kFolder, "/container_open.txt"), PlanOf(spec, "hybrid"));
}

}  // namespace
}  // namespace pelagos::golden
