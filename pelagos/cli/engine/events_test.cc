#include "pelagos/cli/engine/events.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pelagos::cli {
namespace {

store::Event Died() {
  store::Event event;
  event.time = "2023-11-14T22:13:20.123456789Z";
  event.action = store::EventAction::kDie;
  event.id = "0123456789abcdef";
  event.name = "web";
  event.image = "nginx:1.25";
  event.exit_code = 137;
  event.attributes = {{"team", "shop"}};
  return event;
}

bool Passes(const store::Event& event, const std::vector<std::string>& values) {
  Arguments args;
  for (const std::string& value : values) args.Add("filter", value);
  const auto filters = Filters::From(args, {"container", "event", "image", "label", "type"});
  EXPECT_TRUE(filters.ok()) << filters.status();
  return EventPasses(event, *filters);
}

TEST(EventsTest, Text) {
  EXPECT_EQ(EventText(Died(), absl::UTCTimeZone()),
            "2023-11-14T22:13:20.123456789+00:00 container die 0123456789abcdef (exitCode=137, "
            "image=nginx:1.25, name=web, team=shop)");
  store::Event health = Died();
  health.action = store::EventAction::kHealthStatus;
  health.detail = "healthy";
  health.exit_code.reset();
  health.attributes = {{"label", "a\x1b[2Jb\n"}};
  EXPECT_EQ(EventText(health, absl::FixedTimeZone(3600)),
            "2023-11-14T23:13:20.123456789+01:00 container health_status: healthy "
            "0123456789abcdef (image=nginx:1.25, label=a?[2Jb?, name=web)");
}

TEST(EventsTest, JsonIsDockers) {
  const auto json = nlohmann::json::parse(EventJson(Died()));
  EXPECT_EQ(json["Type"], "container");
  EXPECT_EQ(json["Action"], "die");
  EXPECT_EQ(json["Actor"]["ID"], "0123456789abcdef");
  EXPECT_EQ(json["Actor"]["Attributes"]["exitCode"], "137");
  EXPECT_EQ(json["Actor"]["Attributes"]["team"], "shop");
  EXPECT_EQ(json["time"], 1700000000);
  EXPECT_EQ(json["timeNano"], 1700000000123456789);
}

TEST(EventsTest, Filters) {
  const store::Event event = Died();
  EXPECT_TRUE(Passes(event, {}));
  EXPECT_TRUE(Passes(event, {"container=web"}));
  EXPECT_TRUE(Passes(event, {"container=0123456789"}));
  EXPECT_FALSE(Passes(event, {"container=we"}));
  EXPECT_TRUE(Passes(event, {"event=start", "event=die"}));
  EXPECT_FALSE(Passes(event, {"event=start"}));
  EXPECT_TRUE(Passes(event, {"image=nginx"}));
  EXPECT_TRUE(Passes(event, {"image=nginx:1.25"}));
  EXPECT_FALSE(Passes(event, {"image=ngin"}));
  EXPECT_TRUE(Passes(event, {"label=team", "label=team=shop"}));
  EXPECT_FALSE(Passes(event, {"label=team", "label=team=ship"}));
  EXPECT_TRUE(Passes(event, {"type=container"}));
  EXPECT_FALSE(Passes(event, {"type=image"}));
  store::Event health = event;
  health.action = store::EventAction::kHealthStatus;
  health.detail = "unhealthy";
  EXPECT_TRUE(Passes(health, {"event=health_status"}));
  EXPECT_TRUE(Passes(health, {"event=health_status: unhealthy"}));
  EXPECT_FALSE(Passes(health, {"event=health_status: healthy"}));
}

}  // namespace
}  // namespace pelagos::cli
