#include "pelagos/cli/run_health.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/run_command.h"
#include "pelagos/policy/health_text.h"

namespace pelagos::cli {
namespace {

struct TimeFlag {
  absl::string_view name;
  std::optional<int64_t> HealthOptions::*to;
};

constexpr TimeFlag kTimeFlags[] = {
    {"health-interval", &HealthOptions::interval_ns},
    {"health-timeout", &HealthOptions::timeout_ns},
    {"health-start-period", &HealthOptions::start_period_ns},
    {"health-start-interval", &HealthOptions::start_interval_ns},
};

absl::Status Wrong(absl::string_view flag, absl::string_view value, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, " '", value, "': expected ", expected));
}

absl::Status ApplyProbe(const std::string& text, HealthOptions& health) {
  constexpr absl::string_view kExpected =
      R"(a command for the shell, none, or a JSON list as ["CMD", "curl", "localhost"])";
  if (text.empty()) return Wrong("health-cmd", text, kExpected);
  if (text == "none") {
    health.command.emplace();
    return absl::OkStatus();
  }
  auto words = WordsOfJson(text);
  if (!words) {
    health.command = {"/bin/sh", "-c", text};
    return absl::OkStatus();
  }
  if (words->empty()) return Wrong("health-cmd", text, kExpected);
  const std::string kind = words->front();
  if (kind == "NONE" && words->size() == 1) {
    words->clear();
  } else if (kind == "CMD-SHELL" && words->size() == 2) {
    *words = {"/bin/sh", "-c", words->back()};
  } else if (kind == "CMD" && words->size() > 1) {
    words->erase(words->begin());
  } else if (kind == "NONE" || kind == "CMD-SHELL" || kind == "CMD") {
    return Wrong("health-cmd", text, kExpected);
  }
  health.command = *std::move(words);
  return absl::OkStatus();
}

}  // namespace

std::vector<Flag> HealthFlags() {
  return {
      {"health-cmd", 0, "COMMAND", "run inside now and then to ask whether all is well"},
      {"health-interval", 0, "TIME", "between two of them (default: 30s)"},
      {"health-timeout", 0, "TIME", "one that takes longer has failed (default: 30s)"},
      {"health-start-period", 0, "TIME", "at first, when failures do not count (default: 0s)"},
      {"health-start-interval", 0, "TIME", "between two of them meanwhile (default: 5s)"},
      {"health-retries", 0, "NUMBER", "failures in a row that mean unhealthy (default: 3)"},
      {"no-healthcheck", 0, "", "ask nothing, also if the image says what"},
  };
}

absl::Status ApplyHealth(const Arguments& args, ContainerSpec& spec) {
  HealthOptions& health = spec.lifecycle.health;
  if (args.has("no-healthcheck")) {
    for (const Flag& flag : HealthFlags()) {
      if (flag.name == "no-healthcheck" || !args.has(flag.name)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--no-healthcheck and --", flag.name, " exclude each other"));
    }
    health.command.emplace();
    return absl::OkStatus();
  }
  if (args.has("health-cmd")) {
    PELAGOS_RETURN_IF_ERROR(ApplyProbe(args.value("health-cmd"), health));
  }
  for (const TimeFlag& flag : kTimeFlags) {
    if (!args.has(flag.name)) continue;
    const std::string text = args.value(flag.name);
    const std::optional<int64_t> time = ParseHealthTime(text);
    if (!time) return Wrong(flag.name, text, kHealthTimeExpected);
    if (*time != 0) health.*flag.to = time;
  }
  if (args.has("health-retries")) {
    const std::string text = args.value("health-retries");
    uint32_t retries = 0;
    if (text.find_first_not_of("0123456789") != std::string::npos ||
        !absl::SimpleAtoi(text, &retries)) {
      return Wrong("health-retries", text, "a number of failures, or 0 for the image's");
    }
    if (retries != 0) health.retries = retries;
  }
  return absl::OkStatus();
}

}  // namespace pelagos::cli
