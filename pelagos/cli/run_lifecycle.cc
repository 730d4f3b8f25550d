#include "pelagos/cli/run_lifecycle.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pelagos/abi/signal.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/key_value_file.h"
#include "pelagos/policy/byte_size.h"
#include "pelagos/policy/restart_policy.h"

namespace pelagos::cli {
namespace {

absl::Status Wrong(absl::string_view flag, absl::string_view value, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, " '", value, "': expected ", expected));
}

absl::Status ApplyLabels(const Arguments& args, const Caller& caller, ContainerSpec& spec) {
  std::map<std::string, std::string>& labels = spec.lifecycle.labels;
  for (const std::string& file : args.values("label-file")) {
    PELAGOS_ASSIGN_OR_RETURN(const std::string path, AbsolutePath(caller, file));
    auto lines = ReadKeyValueFile(path);
    if (!lines.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--label-file '", file, "': ", lines.status().message()));
    }
    for (KeyValueLine& line : *lines) labels[std::move(line.key)] = line.value.value_or("");
  }
  for (const std::string& text : args.values("label")) {
    const size_t equals = text.find('=');
    if (text.empty() || equals == 0) return Wrong("label", text, "KEY=VALUE or KEY");
    labels[text.substr(0, equals)] = equals == std::string::npos ? "" : text.substr(equals + 1);
  }
  return absl::OkStatus();
}

absl::Status ApplyLogOption(const std::string& text, LogOptions& log, bool& has_size) {
  const size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (key == "max-size") {
    has_size = value != "-1";
    const std::optional<uint64_t> bytes =
        has_size ? ParseByteSize(value) : std::optional<uint64_t>(0);
    if (!bytes || (has_size && *bytes == 0)) {
      return Wrong("log-opt", text, "max-size=SIZE, such as 10m, or -1 for no bound");
    }
    log.max_bytes = *bytes;
    return absl::OkStatus();
  }
  if (key == "max-file") {
    uint32_t files = 0;
    if (value.find_first_not_of("0123456789") != std::string::npos ||
        !absl::SimpleAtoi(value, &files) || files == 0) {
      return Wrong("log-opt", text, "max-file=NUMBER, at least 1");
    }
    log.max_files = files;
    return absl::OkStatus();
  }
  return Wrong("log-opt", text, "max-size=SIZE or max-file=NUMBER");
}

absl::Status ApplyLog(const Arguments& args, ContainerSpec& spec) {
  LogOptions& log = spec.lifecycle.log;
  if (args.has("log-driver")) {
    // There is one form of log, by whichever of the names for "files of its own" it is asked for.
    constexpr absl::string_view kOurs[] = {"local", "json-file", "k8s-file"};
    const std::string driver = args.value("log-driver");
    log.none = driver == "none";
    if (!log.none && std::find(std::begin(kOurs), std::end(kOurs), driver) == std::end(kOurs)) {
      return Wrong("log-driver", driver,
                   "none, local, json-file or k8s-file; logs are kept in files and sent nowhere");
    }
  }
  bool has_size = false;
  for (const std::string& text : args.values("log-opt")) {
    if (log.none) {
      return absl::InvalidArgumentError("--log-driver none and --log-opt exclude each other");
    }
    PELAGOS_RETURN_IF_ERROR(ApplyLogOption(text, log, has_size));
  }
  if (log.max_files > 1 && !has_size) {
    return absl::InvalidArgumentError(
        "--log-opt max-file needs --log-opt max-size: without a size no second file is begun");
  }
  return absl::OkStatus();
}

absl::Status ApplyStop(const Arguments& args, ContainerSpec& spec) {
  if (args.has("stop-signal")) {
    const std::string text = args.value("stop-signal");
    spec.stop_signal = FindSignal(text);
    if (!spec.stop_signal) {
      return Wrong("stop-signal", text, "a signal's name or number, such as SIGINT or 2");
    }
  }
  if (args.has("stop-timeout")) {
    constexpr int kForEver = std::numeric_limits<int>::max();
    const std::string text = args.value("stop-timeout");
    int seconds = kForEver;
    if (text != "-1" && (text.find_first_not_of("0123456789") != std::string::npos ||
                         !absl::SimpleAtoi(text, &seconds))) {
      return Wrong("stop-timeout", text, "a number of seconds, or -1 to wait for ever");
    }
    spec.stop_grace_seconds = seconds;
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Flag> LifecycleFlags() {
  return {
      {"rm", 0, "", "remove the container when it ends, with its anonymous volumes"},
      {"restart", 0, "WHEN", "start it again: no, on-failure[:MOST], always, unless-stopped"},
      {"stop-signal", 0, "SIGNAL", "how it is asked to end (default: the image's, or SIGTERM)"},
      {"stop-timeout", 0, "SECONDS", "how long it may take then (default: 10); -1: for ever"},
      {"label", 'l', "KEY=VALUE", "a label, for who lists and filters; KEY alone is KEY="},
      {"label-file", 0, "FILE", "labels, a line each"},
      {"log-driver", 0, "NAME", "local (default), json-file, k8s-file: its own files; none"},
      {"log-opt", 0, "KEY=VALUE", "max-size=10m of one file of its log, max-file=3 of them"},
  };
}

absl::Status ApplyLifecycle(const Arguments& args, const Caller& caller, ContainerSpec& spec) {
  Lifecycle& lifecycle = spec.lifecycle;
  lifecycle.remove = args.has("rm");
  if (args.has("restart")) {
    const std::string text = args.value("restart");
    const std::optional<RestartPolicy> policy = ParseRestartPolicy(text);
    if (!policy) {
      return Wrong("restart", text, "no, on-failure, on-failure:MOST, always or unless-stopped");
    }
    if (lifecycle.remove && policy->when != RestartWhen::kNo) {
      return absl::InvalidArgumentError(
          absl::StrCat("--rm and --restart ", text, " exclude each other"));
    }
    lifecycle.restart = *policy;
  }
  PELAGOS_RETURN_IF_ERROR(ApplyLabels(args, caller, spec));
  PELAGOS_RETURN_IF_ERROR(ApplyLog(args, spec));
  return ApplyStop(args, spec);
}

}  // namespace pelagos::cli
