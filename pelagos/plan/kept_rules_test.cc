#include "pelagos/plan/kept_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pelagos/plan/usual_container.h"

namespace pelagos {
namespace {

using Lines = std::vector<std::string>;

struct World : UsualContainer {
  void At(const std::string& option, uint32_t where) { spec.spans.Set(option, {0, where, where}); }
  void At(const std::string& option, const std::string& item, uint32_t where) {
    spec.spans.Set(option, item, {0, where, where});
  }
};

TEST(KeptRulesTest, AUsualContainerBreaksNone) {
  World world;
  world.spec.extra_hosts = {{"db", "10.0.0.1"}, {"db", "::1"}};
  world.spec.stop_signal = 64;
  world.spec.lifecycle.restart = {RestartWhen::kOnFailure, 3};
  world.spec.lifecycle.labels = {{"a", ""}};
  world.spec.lifecycle.health = {{{"x"}}, 1'000'000, 1'000'000, 0, 1'000'000, 1};
  EXPECT_EQ(world.Ask(rules::ExtraHostsAreUsable), Lines{});
  EXPECT_EQ(world.Ask(rules::StopIsUsable), Lines{});
  EXPECT_EQ(world.Ask(rules::LifecycleIsUsable), Lines{});
}

TEST(KeptRulesTest, ExtraHosts) {
  World world;
  world.spec.extra_hosts = {{"d b", "10.0.0.1"}, {"db", "nowhere"}, {"up", "host-gateway"}};
  world.At("add-host", 3);
  world.At("add-host", "db", 7);
  EXPECT_EQ(world.Ask(rules::ExtraHostsAreUsable),
            (Lines{"3: add-host: the name 'd b' may have only letters, digits, '_', '.' and '-'",
                   "7: add-host: 'nowhere' is no address: expected IPv4, IPv6 or host-gateway",
                   "3: add-host 'up': host-gateway needs a network: without one the host has no "
                   "address"}));
  world.spec.extra_hosts = {{"up", "host-gateway"}};
  world.spec.net.mode = NetMode::kHost;
  EXPECT_EQ(world.Ask(rules::ExtraHostsAreUsable), Lines{});
}

TEST(KeptRulesTest, Stop) {
  World world;
  world.spec.stop_grace_seconds = -1;
  world.spec.stop_signal = 32;
  world.image.stop_signal = "SIGNOPE";
  world.At("stop-signal", 4);
  EXPECT_EQ(world.Ask(rules::StopIsUsable),
            (Lines{"stop-grace-period must not be negative", "4: stop-signal 32 does not exist",
                   "image 'busybox' asks for the stop signal 'SIGNOPE', which does not exist"}));
}

TEST(KeptRulesTest, Lifecycle) {
  World world;
  Lifecycle& lifecycle = world.spec.lifecycle;
  lifecycle.remove = true;
  lifecycle.restart = {RestartWhen::kAlways, 2};
  lifecycle.log.max_files = 0;
  lifecycle.labels = {{"", "x"}};
  lifecycle.health = {std::nullopt, 0, -1, -1, 999'999, 0};
  world.At("restart", 5);
  world.At("health-retries", 6);
  EXPECT_EQ(
      world.Ask(rules::LifecycleIsUsable),
      (Lines{"5: restart always and rm exclude each other: what is removed is not started "
             "again",
             "5: restart: only on-failure has a bound", "log-opt max-file must be at least 1",
             "label: a label has a name", "health-interval must be at least a millisecond",
             "health-timeout must be at least a millisecond",
             "health-start-interval must be at least a millisecond",
             "health-start-period must not be negative", "6: health-retries must be at least 1"}));
}

}  // namespace
}  // namespace pelagos
