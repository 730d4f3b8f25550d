#include "pelagos/cli/run_health.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/status/statusor.h"

namespace pelagos::cli {
namespace {

absl::StatusOr<HealthOptions> HealthOf(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> args = ParseFlags(HealthFlags(), words, true);
  if (!args.ok()) return args.status();
  ContainerSpec spec;
  if (absl::Status applied = ApplyHealth(*args, spec); !applied.ok()) return applied;
  return spec.lifecycle.health;
}

TEST(RunHealthTest, NothingSaid) { EXPECT_EQ(*HealthOf({}), HealthOptions{}); }

TEST(RunHealthTest, All) {
  HealthOptions health;
  health.command = {"/bin/sh", "-c", "test -e /ok"};
  health.interval_ns = 1'000'000'000;
  health.timeout_ns = 2'000'000;
  health.start_period_ns = int64_t{60} * 1'000'000'000;
  health.start_interval_ns = 500'000'000;
  health.retries = 9;
  EXPECT_EQ(*HealthOf({"--health-cmd", "test -e /ok", "--health-interval=1s",
                       "--health-timeout=2ms", "--health-start-period=1m",
                       "--health-start-interval=500ms", "--health-retries=9"}),
            health);
}

// As in the image's config: nothing is said then.
TEST(RunHealthTest, ZeroIsTheImages) {
  EXPECT_EQ(*HealthOf({"--health-interval=0s", "--health-start-period=0", "--health-retries=0"}),
            HealthOptions{});
}

TEST(RunHealthTest, Commands) {
  using Words = std::vector<std::string>;
  const auto command = [](const char* text) { return *HealthOf({"--health-cmd", text})->command; };
  EXPECT_EQ(command("none"), Words{});
  EXPECT_EQ(command(R"(["NONE"])"), Words{});
  EXPECT_EQ(command(R"(["CMD", "a", "b"])"), (Words{"a", "b"}));
  EXPECT_EQ(command(R"(["CMD-SHELL", "a b"])"), (Words{"/bin/sh", "-c", "a b"}));
  EXPECT_EQ(command(R"(["a", "b"])"), (Words{"a", "b"}));
  EXPECT_EQ(command("[ -e /x ]"), (Words{"/bin/sh", "-c", "[ -e /x ]"}));
  EXPECT_EQ(*HealthOf({"--no-healthcheck"})->command, Words{});
}

TEST(RunHealthTest, MistakesNameTheFlagAndWhatWasExpected) {
  const auto error = [](const std::vector<std::string>& words) {
    return std::string(HealthOf(words).status().message());
  };
  const std::string command =
      R"(expected a command for the shell, none, or a JSON list as ["CMD", "curl", "localhost"])";
  EXPECT_EQ(error({"--health-cmd", ""}), "--health-cmd '': " + command);
  EXPECT_EQ(error({"--health-cmd", R"(["CMD"])"}), R"(--health-cmd '["CMD"]': )" + command);
  EXPECT_EQ(error({"--health-timeout", "5"}),
            "--health-timeout '5': expected a time such as 30s, 1m30s or 500ms, at least a "
            "millisecond, or 0 for the image's");
  EXPECT_EQ(error({"--health-retries", "-1"}),
            "--health-retries '-1': expected a number of failures, or 0 for the image's");
  EXPECT_EQ(error({"--no-healthcheck", "--health-retries", "1"}),
            "--no-healthcheck and --health-retries exclude each other");
}

}  // namespace
}  // namespace pelagos::cli
