#include "pelagos/spec/json_lifecycle.h"

#include <limits>

#include "pelagos/abi/signal.h"
#include "pelagos/policy/restart_policy.h"

namespace pelagos::internal {
namespace {

constexpr uint64_t kMost32 = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kAny = std::numeric_limits<uint64_t>::max();

// Beyond them the kernel has no signal; FindSignal knows the two that nobody may send.
constexpr int kMostSignal = kSignalRealTimeMax;

std::optional<int> FindSignalNumber(absl::string_view text) { return FindSignal(text); }

ExtraHost ReadHost(const Node& node) { return {node.String("name"), node.String("address")}; }

Json WriteLog(const LogOptions& log) {
  return {{"none", log.none}, {"maxBytes", log.max_bytes}, {"maxFiles", log.max_files}};
}

LogOptions ReadLog(const Node& node) {
  LogOptions log;
  log.none = node.Bool("none");
  log.max_bytes = node.Number("maxBytes", kAny);
  log.max_files = static_cast<uint32_t>(node.Number("maxFiles", kMost32));
  if (log.max_files == 0) throw Mistake{"/lifecycle/log/maxFiles is out of range"};
  return log;
}

Json WriteHealthOptions(const HealthOptions& health) {
  Json json = Json::object();
  if (health.command) json["command"] = *health.command;
  if (health.interval_ns) json["intervalNanosecs"] = *health.interval_ns;
  if (health.timeout_ns) json["timeoutNanosecs"] = *health.timeout_ns;
  if (health.start_period_ns) json["startPeriodNanosecs"] = *health.start_period_ns;
  if (health.start_interval_ns) json["startIntervalNanosecs"] = *health.start_interval_ns;
  if (health.retries) json["retries"] = *health.retries;
  return json;
}

std::optional<int64_t> ReadTime(const Node& node, const char* key) {
  if (!node.Has(key)) return std::nullopt;
  return node.Signed(key, 0, std::numeric_limits<int64_t>::max());
}

HealthOptions ReadHealthOptions(const Node& node) {
  HealthOptions health;
  if (node.Has("command")) health.command = node.Strings("command");
  health.interval_ns = ReadTime(node, "intervalNanosecs");
  health.timeout_ns = ReadTime(node, "timeoutNanosecs");
  health.start_period_ns = ReadTime(node, "startPeriodNanosecs");
  health.start_interval_ns = ReadTime(node, "startIntervalNanosecs");
  if (node.Has("retries")) health.retries = static_cast<uint32_t>(node.Number("retries", kMost32));
  return health;
}

Lifecycle ReadParts(const Node& node) {
  Lifecycle parts;
  if (node.Has("remove")) parts.remove = node.Bool("remove");
  if (node.Has("openStdin")) parts.open_stdin = node.Bool("openStdin");
  if (node.Has("restart")) parts.restart = node.Named("restart", ParseRestartPolicy);
  if (node.Has("health")) parts.health = ReadHealthOptions(node.Object("health"));
  if (node.Has("log")) parts.log = ReadLog(node.Object("log"));
  if (node.Has("labels")) parts.labels = ReadTexts(node.Object("labels"));
  return parts;
}

}  // namespace

std::map<std::string, std::string> ReadTexts(const Node& node) {
  std::map<std::string, std::string> texts;
  for (const std::string& key : node.Keys()) texts[key] = node.String(key.c_str());
  return texts;
}

Json WriteHealth(const HealthCheck& health) {
  return {{"command", health.command},
          {"intervalNanosecs", health.interval_ns},
          {"timeoutNanosecs", health.timeout_ns},
          {"startPeriodNanosecs", health.start_period_ns},
          {"startIntervalNanosecs", health.start_interval_ns},
          {"retries", health.retries}};
}

HealthCheck ReadHealth(const Node& node) {
  const auto time = [&node](const char* key) {
    return node.Signed(key, 0, std::numeric_limits<int64_t>::max());
  };
  return {node.Strings("command"),       time("intervalNanosecs"),
          time("timeoutNanosecs"),       time("startPeriodNanosecs"),
          time("startIntervalNanosecs"), static_cast<uint32_t>(node.Number("retries", kMost32))};
}

void WriteLifecycle(const ContainerSpec& spec, Json& json) {
  if (!spec.id.empty()) json["id"] = spec.id;
  if (spec.entrypoint) json["entrypoint"] = *spec.entrypoint;
  if (!spec.arguments.empty()) json["arguments"] = spec.arguments;
  for (const ExtraHost& host : spec.extra_hosts) {
    json["extraHosts"].push_back({{"name", host.name}, {"address", host.address}});
  }
  if (spec.stop_signal) json["stopSignal"] = *spec.stop_signal;
  const Lifecycle& parts = spec.lifecycle;
  if (parts == Lifecycle{}) return;
  Json& lifecycle = json["lifecycle"];
  lifecycle = Json::object();
  if (parts.remove) lifecycle["remove"] = true;
  if (parts.open_stdin) lifecycle["openStdin"] = true;
  if (parts.restart != RestartPolicy{}) lifecycle["restart"] = ToText(parts.restart);
  if (parts.health != HealthOptions{}) lifecycle["health"] = WriteHealthOptions(parts.health);
  if (parts.log != LogOptions{}) lifecycle["log"] = WriteLog(parts.log);
  if (!parts.labels.empty()) lifecycle["labels"] = parts.labels;
}

void ReadLifecycle(const Node& node, ContainerSpec& spec) {
  if (node.Has("id")) spec.id = node.String("id");
  if (node.Has("entrypoint")) spec.entrypoint = node.Strings("entrypoint");
  if (node.Has("arguments")) spec.arguments = node.Strings("arguments");
  if (node.Has("extraHosts")) spec.extra_hosts = node.All("extraHosts", ReadHost);
  if (node.Has("stopSignal")) {
    const uint64_t number = node.Number("stopSignal", kMostSignal);
    spec.stop_signal = node.Named("stopSignal", std::to_string(number), FindSignalNumber);
  }
  if (node.Has("lifecycle")) spec.lifecycle = ReadParts(node.Object("lifecycle"));
}

}  // namespace pelagos::internal
