// What a container's program finds in its environment, and what is run at all.
//
// Source: image-spec config.md ("Env", "Entrypoint", "Cmd"); the defaults are those of
// docker-run(1).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pelagos/spec/container.h"
#include "pelagos/spec/resolved_image.h"

namespace pelagos {

inline constexpr char kDefaultPath[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The spec's command instead of all that the image says, else entrypoint and cmd, each of which the
// spec may replace. Empty: nobody knows.
inline std::vector<std::string> CommandOf(const ContainerSpec& spec, const ResolvedImage& image) {
  if (!spec.command.empty()) return spec.command;
  std::vector<std::string> words = spec.entrypoint.value_or(image.entrypoint);
  const std::vector<std::string>& arguments =
      spec.arguments.empty() && !spec.entrypoint ? image.cmd : spec.arguments;
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

inline std::string WorkdirOf(const ContainerSpec& spec, const ResolvedImage& image) {
  if (!spec.workdir.empty()) return spec.workdir;
  return image.workdir.empty() ? "/" : image.workdir;
}

inline std::string HostnameOf(const ContainerSpec& spec) {
  return spec.hostname.empty() ? spec.name : spec.hostname;
}

// KEY=VALUE, sorted by key, each key once: defaults (PATH, HOME, HOSTNAME; TERM with a terminal),
// over them the image's variables, over them the spec's.
inline std::vector<std::string> EnvironmentOf(const ContainerSpec& spec, const ResolvedImage& image,
                                              const ResolvedUser& user) {
  std::map<std::string, std::string> variables;
  variables["PATH"] = kDefaultPath;
  variables["HOME"] = user.home.empty() ? "/" : user.home;
  variables["HOSTNAME"] = HostnameOf(spec);
  if (spec.terminal) variables["TERM"] = "xterm";
  for (const std::string& variable : image.env) {
    const size_t equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos) continue;  // names nothing
    variables[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  for (const EnvVariable& variable : spec.env) variables[variable.key] = variable.value;
  std::vector<std::string> list;
  for (const auto& [key, value] : variables) list.push_back(key + "=" + value);
  return list;
}

}  // namespace pelagos
