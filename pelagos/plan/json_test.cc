// Whole plans are compared in tests/golden.
#include "pelagos/plan/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace pelagos {
namespace {

using Json = nlohmann::json;

TEST(PlanJsonTest, EveryOpHasANameOfItsOwn) {
  LaunchPlan plan;
  plan.ops = {MakeMountsPrivate{}, MountOverlayRoot{},  MountBindRoot{},
              MountFilesystem{},   BindMount{},         MakeDevice{},
              MakeFolder{},        MakeSymlink{},       MaskPath{},
              MakeReadOnly{},      PivotRoot{},         SealRoot{},
              LoopbackUp{},        SetHostname{},       AwaitStart{},
              SetUser{},           LimitCapabilities{}, SetNoNewPrivileges{},
              InstallSeccomp{},    ChangeFolder{},      Exec{},
              SetDomainname{},     SetOomScoreAdj{},    SetExecLabel{},
              WriteSysctl{},       SetRlimit{},         RestrictPaths{},
              SetUmask{},          OpenTerminal{},      ChangeMount{},
              AwaitHooks{},        AwaitExec{},         EnterRoot{},
              SetScheduler{},      SetIoPriority{},     SetMemoryPolicy{},
              SetCpuAffinity{},    SetPersonality{},    MakeHostDevices{},
              JoinKeyring{},       BecomeRoot{}};
  ASSERT_EQ(plan.ops.size(), std::variant_size_v<Op>);
  const Json json = Json::parse(ToJson(plan));
  std::set<std::string> names;
  for (const Json& op : json.at("ops")) names.insert(op.at("op"));
  EXPECT_EQ(names.size(), plan.ops.size());
}

TEST(PlanJsonTest, BytesThatAreNoTextDoNotBreakIt) {
  LaunchPlan plan;
  plan.ops = {Exec{{"sh"}, {"A=\xff"}}};
  const Json json = Json::parse(ToJson(plan), nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["ops"][0]["env"][0], "A=\xef\xbf\xbd");
}

TEST(PlanJsonTest, AStack) {
  ComposePlan plan;
  plan.project = "shop";
  plan.services = {{"web", "busybox", {{"db", 5432, {}}, {"cache", std::nullopt, {}}}, {}}};
  const Json json = Json::parse(ToJson(plan));
  EXPECT_EQ(json["services"][0]["dependsOn"],
            Json::parse(R"([{"service":"db","port":5432},{"service":"cache"}])"));
  EXPECT_EQ(json["services"][0]["launch"]["stopSignal"], "SIGTERM");
}

}  // namespace
}  // namespace pelagos
