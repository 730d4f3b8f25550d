#include "pelagos/cli/run_environment.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/cli/key_value_file.h"

namespace pelagos::cli {

std::vector<Flag> EnvironmentFlags() {
  return {
      {"env", 'e', "KEY=VALUE", "set a variable; KEY alone takes the caller's"},
      {"env-file", 0, "FILE", "variables, a line each, as --env has them; # begins a comment"},
  };
}

absl::Status ApplyEnvironment(const Arguments& args, const Caller& caller, ContainerSpec& spec) {
  const auto add = [&](std::string key, std::optional<std::string> value) {
    if (!value) value = VariableOf(caller, key);
    if (value) spec.env.push_back({std::move(key), *std::move(value)});
  };
  for (const std::string& file : args.values("env-file")) {
    PELAGOS_ASSIGN_OR_RETURN(const std::string path, AbsolutePath(caller, file));
    auto lines = ReadKeyValueFile(path);
    if (!lines.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--env-file '", file, "': ", lines.status().message()));
    }
    for (KeyValueLine& line : *lines) add(std::move(line.key), std::move(line.value));
  }
  for (const std::string& pair : args.values("env")) {
    const size_t equals = pair.find('=');
    std::string key = pair.substr(0, equals);
    if (key.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--env '", pair, "': expected KEY=VALUE, or the name of a variable"));
    }
    std::optional<std::string> value;
    if (equals != std::string::npos) value = pair.substr(equals + 1);
    add(std::move(key), std::move(value));
  }
  return absl::OkStatus();
}

}  // namespace pelagos::cli
