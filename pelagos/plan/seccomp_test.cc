#include "pelagos/plan/seccomp.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "pelagos/plan/make_plan.h"
#include "pelagos/plan/print.h"

namespace pelagos {
namespace {

ContainerSpec SpecWith(SeccompFilter filter) {
  ContainerSpec spec;
  spec.name = "web";
  spec.rootfs = "/srv/root";
  spec.command = {"true"};
  spec.seccomp = CustomSeccomp(std::move(filter));
  return spec;
}

SeccompFilter Denying(absl::string_view name, SeccompAct act = SeccompAct::kErrno) {
  SeccompFilter filter;
  const auto data = static_cast<uint16_t>(act == SeccompAct::kErrno ? 1 : 0);
  filter.rules.push_back({{std::string(name)}, {act, data}});
  return filter;
}

std::string Problem(const SeccompFilter& filter) {
  return std::string(PlanSeccomp(SpecWith(filter), {}).status().message());
}

TEST(PlanSeccompTest, TheDefaultNeedsNothing) {
  const auto op = PlanSeccomp({}, {});
  ASSERT_TRUE(op.ok());
  EXPECT_EQ(*op, InstallSeccomp{});
  EXPECT_EQ(Describe(*op), "seccomp default");
}

TEST(PlanSeccompTest, ACustomProfileIsCompiledAndNamedByItsDigest) {
  SeccompFilter filter = Denying("mkdir");
  filter.flags = SECCOMP_FILTER_FLAG_LOG;
  const auto op = PlanSeccomp(SpecWith(filter), {});
  ASSERT_TRUE(op.ok()) << op.status();
  EXPECT_FALSE(op->program.empty());
  EXPECT_EQ(Describe(*op),
            absl::StrCat("seccomp custom ", DigestOf(filter), " of 1 rules, ", op->program.size(),
                         " instructions, SECCOMP_FILTER_FLAG_LOG"));
  EXPECT_NE(DigestOf(filter), DigestOf(Denying("rmdir")));
}

TEST(PlanSeccompTest, WhatTheHostAndTheContainerAreDecides) {
  SeccompFilter filter = Denying("mkdir");
  filter.rules[0].includes.kernel = KernelVersion{5, 10};
  HostFacts old, recent;
  old.kernel = {4, 19};
  recent.kernel = {6, 1};
  EXPECT_NE(PlanSeccomp(SpecWith(filter), old)->program,
            PlanSeccomp(SpecWith(filter), recent)->program);
  filter = Denying("mkdir");
  filter.rules[0].excludes.capabilities = {Capability::kSysAdmin};
  ContainerSpec admin = SpecWith(filter);
  admin.capabilities.insert(Capability::kSysAdmin);
  EXPECT_NE(PlanSeccomp(SpecWith(filter), old)->program, PlanSeccomp(admin, old)->program);
}

TEST(PlanSeccompTest, AListenerMustBePossible) {
  SeccompFilter filter = Denying("mkdir", SeccompAct::kNotify);
  EXPECT_EQ(Problem(filter), "SCMP_ACT_NOTIFY needs a listenerPath");
  filter.listener_path = "/run/l";
  EXPECT_EQ(PlanSeccomp(SpecWith(filter), {})->listener_path, "/run/l");
  HostFacts rootless;
  rootless.rootless.emplace();
  EXPECT_EQ(PlanSeccomp(SpecWith(filter), rootless).status().message(),
            "SCMP_ACT_NOTIFY is for root: the descriptor of the filter cannot be taken from the "
            "container of an ordinary user");
  filter.rules[0].names = {"write"};
  EXPECT_EQ(Problem(filter),
            "SCMP_ACT_NOTIFY cannot be used for the write syscall, which hands the listener over itself");
  filter.rules.clear();
  filter.otherwise = {SeccompAct::kNotify, 0};
  EXPECT_EQ(Problem(filter), "SCMP_ACT_NOTIFY cannot be used as default action");
  // Without a rule that notifies, nobody listens.
  filter.otherwise = {};
  EXPECT_EQ(PlanSeccomp(SpecWith(filter), {})->listener_path, "");
  filter.flags = kSeccompWaitKillable;
  EXPECT_EQ(Problem(filter),
            "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is for rules with SCMP_ACT_NOTIFY only");
}

TEST(PlanSeccompTest, MistakesAreTold) {
  Diagnostics diags;
  const SeccompFilter filter = Denying("mkdir", SeccompAct::kNotify);
  EXPECT_FALSE(MakePlan(SpecWith(filter), {}, {}, {}, diags).has_value());
  ASSERT_EQ(diags.list().size(), 1u);
  EXPECT_EQ(diags.list()[0].message, "seccomp: SCMP_ACT_NOTIFY needs a listenerPath");
}

// seccomp(2): without no_new_privs a filter needs CAP_SYS_ADMIN.
TEST(PlanSeccompTest, WithoutNoNewPrivilegesTheFilterComesBeforeRightsGo) {
  ContainerSpec spec = SpecWith(Denying("mkdir"));
  const auto places = [](const ContainerSpec& asked) {
    Diagnostics diags;
    const auto plan = MakePlan(asked, {}, {}, {}, diags);
    EXPECT_TRUE(plan.has_value());
    std::pair<ptrdiff_t, ptrdiff_t> found;
    for (size_t i = 0; i < plan->ops.size(); ++i) {
      if (std::holds_alternative<InstallSeccomp>(plan->ops[i])) found.first = ptrdiff_t(i);
      if (std::holds_alternative<SetUser>(plan->ops[i])) found.second = ptrdiff_t(i);
    }
    return found;
  };
  auto [filter, user] = places(spec);
  EXPECT_GT(filter, user);
  spec.no_new_privileges = false;
  std::tie(filter, user) = places(spec);
  EXPECT_LT(filter, user);
}

}  // namespace
}  // namespace pelagos
