#include "pelagos/oci/from_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "pelagos/oci/config_json.h"
#include "pelagos/oci/plan_bundle.h"
#include "pelagos/oci/random_specs.h"

namespace pelagos::oci {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

Config Lower(const ContainerSpec& spec) {
  const RandomSpecs::World world = RandomSpecs::WorldOf(spec);
  const auto config = ConfigFrom({spec, world.image, world.user, world.facts});
  EXPECT_TRUE(config.ok()) << config.status();
  return config.value_or(Config());
}

TEST(FromSpecTest, ASpecComesBackFromItsDocument) {
  RandomSpecs random(5);
  for (int i = 0; i < 500; ++i) {
    const ContainerSpec spec = random.Make();
    const std::string text = WriteConfig(Lower(spec));
    const auto config = ReadConfig(text);
    ASSERT_TRUE(config.ok()) << config.status() << text;
    const auto again = SpecOf(*config);
    ASSERT_TRUE(again.has_value()) << text;
    ASSERT_EQ(*again, spec) << text;
  }
}

TEST(FromSpecTest, EveryDocumentCanBePlannedAndDoesWhatTheSpecDoes) {
  RandomSpecs random(6);
  for (int i = 0; i < 200; ++i) {
    const ContainerSpec spec = random.Make();
    const RandomSpecs::World world = RandomSpecs::WorldOf(spec);
    const Config config = Lower(spec);
    BundleFacts facts;
    facts.id = spec.name;
    facts.bundle = "/b";
    facts.host = world.facts;
    facts.cgroups.v2_mount = "/sys/fs/cgroup";
    facts.cgroups.v2_controllers = {"cpu", "cpuset", "hugetlb", "io", "memory", "pids"};
    const auto plan = PlanBundle(config, facts);
    ASSERT_TRUE(plan.ok()) << plan.status() << "\n" << WriteConfig(config);
    EXPECT_EQ(std::get<Exec>(plan->ops.back()).argv, spec.command);
    std::vector<std::string> steps;
    for (const Op& op : plan->ops) steps.push_back(Describe(op));
    for (const auto& [name, value] : spec.sysctls) {
      EXPECT_THAT(steps, Contains("sysctl " + name + " = " + value));
    }
    const auto has = [&steps](const char* step) {
      return std::find(steps.begin(), steps.end(), step) != steps.end();
    };
    EXPECT_EQ(has("no new privileges"), spec.no_new_privileges);
    EXPECT_EQ(has("make the root read-only"), spec.read_only);
    for (const pelagos::Mount& mount : spec.mounts.mounts()) {
      EXPECT_THAT(steps, Contains(HasSubstr(" -> " + mount.target)));
    }
  }
}

TEST(FromSpecTest, AChangedDocumentCountsAsItStands) {
  ContainerSpec spec;
  spec.name = "web";
  spec.rootfs = "/r";
  spec.command = {"sh"};
  Config config = Lower(spec);
  ASSERT_TRUE(SpecOf(config).has_value());
  config.process->args.push_back("-c");
  EXPECT_FALSE(SpecOf(config).has_value());
  config = Lower(spec);
  config.annotations["org.pelagos.spec"] += " ";
  EXPECT_FALSE(SpecOf(config).has_value());
  config.annotations.clear();
  EXPECT_FALSE(SpecOf(config).has_value());
}

TEST(FromSpecTest, TheUsualDocumentIsPlanned) {
  const auto config = UsualConfig(/*v2_alone=*/true);
  ASSERT_TRUE(config.ok()) << config.status();
  BundleFacts facts;
  facts.id = "x";
  facts.bundle = "/b";
  facts.cgroups.v2_mount = "/sys/fs/cgroup";
  EXPECT_TRUE(PlanBundle(*config, facts).ok());
  EXPECT_TRUE(config->process->no_new_privileges);
  EXPECT_EQ(config->process->capabilities->bounding,
            (Texts{"CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_AUDIT_WRITE"}));
  EXPECT_FALSE(config->linux_part->seccomp.has_value());
  const auto has_cgroup = [](const Config& document) {
    const auto& entries = document.linux_part->namespaces;
    return std::any_of(entries.begin(), entries.end(),
                       [](const NamespaceEntry& entry) { return entry.type == "cgroup"; });
  };
  EXPECT_TRUE(has_cgroup(*config));
  EXPECT_FALSE(has_cgroup(*UsualConfig(/*v2_alone=*/false)));
}

}  // namespace
}  // namespace pelagos::oci
