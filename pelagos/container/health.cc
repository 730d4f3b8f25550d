#include "pelagos/container/health.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/container/record_time.h"
#include "pelagos/sys/file.h"

namespace pelagos::container {
namespace {

constexpr HealthStatus kAll[] = {HealthStatus::kStarting, HealthStatus::kHealthy,
                                 HealthStatus::kUnhealthy};

std::string PathOf(const store::Roots& roots, const std::string& id) {
  return absl::StrCat(roots.KeptContainer(id), "/health.json");
}

template <typename T>
std::optional<T> Find(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end()) return std::nullopt;
  if constexpr (std::is_same_v<T, std::string>) {
    return it->is_string() ? std::optional(it->get<std::string>()) : std::nullopt;
  } else {
    return it->is_number_integer() ? std::optional(it->get<T>()) : std::nullopt;
  }
}

std::optional<ProbeResult> ResultFrom(const nlohmann::json& json) {
  if (!json.is_object()) return std::nullopt;
  const auto start = ParseRecordTime(Find<std::string>(json, "Start").value_or(""));
  const auto end = ParseRecordTime(Find<std::string>(json, "End").value_or(""));
  const auto code = Find<int>(json, "ExitCode");
  auto output = Find<std::string>(json, "Output");
  if (!start || !end || !code || !output) return std::nullopt;
  return ProbeResult{*start, *end, *code, *std::move(output)};
}

}  // namespace

absl::string_view NameOf(HealthStatus status) {
  switch (status) {
    case HealthStatus::kStarting:
      return "starting";
    case HealthStatus::kHealthy:
      return "healthy";
    case HealthStatus::kUnhealthy:
      break;
  }
  return "unhealthy";
}

void Add(ProbeResult result, const HealthCheck& check, absl::Time started, Health& health) {
  if (result.exit_code == 0) {
    health.failing_streak = 0;
    health.status = HealthStatus::kHealthy;
  } else {
    const bool begins = health.status == HealthStatus::kStarting &&
                        result.start - started < absl::Nanoseconds(check.start_period_ns);
    if (!begins && health.failing_streak < UINT32_MAX) ++health.failing_streak;
    // The word of the last `retries`; none at all is the default's business, see HealthOf.
    if (!begins && health.failing_streak >= check.retries) health.status = HealthStatus::kUnhealthy;
  }
  health.log.push_back(std::move(result));
  if (health.log.size() > kMostProbes) {
    health.log.erase(health.log.begin(), health.log.end() - kMostProbes);
  }
}

absl::Duration UntilNextProbe(const HealthCheck& check, HealthStatus status,
                              absl::Duration since_start) {
  const bool begins =
      status == HealthStatus::kStarting && since_start < absl::Nanoseconds(check.start_period_ns);
  return absl::Nanoseconds(begins ? check.start_interval_ns : check.interval_ns);
}

std::string ToJson(const Health& health) {
  nlohmann::json log = nlohmann::json::array();
  for (const ProbeResult& result : health.log) {
    log.push_back({{"Start", RecordTime(result.start)},
                   {"End", RecordTime(result.end)},
                   {"ExitCode", result.exit_code},
                   {"Output", result.output}});
  }
  const nlohmann::json json = {{"Status", std::string(NameOf(health.status))},
                               {"FailingStreak", health.failing_streak},
                               {"Log", std::move(log)}};
  // What a program says need not be UTF-8.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<Health> HealthFromJson(absl::string_view text) {
  const auto json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  const absl::Status wrong = absl::InvalidArgumentError("no record of a container's health");
  if (!json.is_object()) return wrong;
  Health health;
  const auto status = Find<std::string>(json, "Status");
  const auto streak = Find<int64_t>(json, "FailingStreak");
  const auto log = json.find("Log");
  if (!status || !streak || *streak < 0 || *streak > UINT32_MAX || log == json.end() ||
      !log->is_array() || log->size() > kMostProbes) {
    return wrong;
  }
  bool known = false;
  for (const HealthStatus each : kAll) {
    if (NameOf(each) != *status) continue;
    health.status = each;
    known = true;
  }
  if (!known) return wrong;
  health.failing_streak = static_cast<uint32_t>(*streak);
  for (const auto& item : *log) {
    std::optional<ProbeResult> result = ResultFrom(item);
    if (!result) return wrong;
    health.log.push_back(*std::move(result));
  }
  return health;
}

absl::StatusOr<Health> ReadHealth(const store::Roots& roots, const std::string& id) {
  constexpr size_t kLargest = 1 << 20;
  const std::string path = PathOf(roots, id);
  PELAGOS_ASSIGN_OR_RETURN(const std::string text, sys::ReadFile(path, kLargest));
  PELAGOS_ASSIGN_OR_RETURN(Health health, HealthFromJson(text), path);
  return health;
}

absl::Status WriteHealth(const store::Roots& roots, const std::string& id, const Health& health) {
  return sys::WriteFileAtomically(PathOf(roots, id), ToJson(health), 0600);
}

}  // namespace pelagos::container
