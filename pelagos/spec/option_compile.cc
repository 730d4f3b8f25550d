#include "pelagos/spec/option_compile.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pelagos/abi/capability.h"
#include "pelagos/base/suggest.h"
#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/policy/cidr.h"
#include "pelagos/policy/mount_plan.h"
#include "pelagos/policy/name.h"
#include "pelagos/policy/port_map.h"
#include "pelagos/reml/printer.h"
#include "pelagos/spec/duration.h"

namespace pelagos {

void CompileImage(Option& option) {
  const Datum* image = option.At(0, "image");
  if (image == nullptr) return;
  option.container().image = option.Text(*image, "image");
  option.Remember(image->span);
  option.NoMoreThan(1);
}

void CompileCommand(Option& option) {
  if (option.At(0, "command") == nullptr) return;
  std::vector<std::string> words;
  for (const Datum& datum : option.values) {
    // Only the program itself must be something; its arguments may be empty.
    const bool empty_word = !words.empty() && datum.value.is_string() && datum.value.text().empty();
    words.push_back(empty_word ? "" : option.TextOrNumber(datum, "command"));
  }
  option.container().command = std::move(words);
  option.Remember(option.values[0].span);
}

void CompileEnv(Option& option) {
  const Datum* key = option.At(0, "env key");
  if (key == nullptr) return;
  const Datum* value = option.At(1, "env value");
  if (value == nullptr) return;
  EnvVariable variable;
  variable.key = option.Text(*key, "env key");
  if (absl::StrContains(variable.key, "=")) {
    option.Error(key->span, absl::StrCat("env key: '", variable.key, "' must not contain '='"),
                 "key and value are two values: (env \"KEY\" \"VALUE\")");
  }
  const bool empty_value = value->value.is_string() && value->value.text().empty();
  if (!empty_value) variable.value = option.TextOrNumber(*value, "env value");
  option.container().spans.Set("env", variable.key, key->span);
  option.container().env.push_back(std::move(variable));
  option.NoMoreThan(2);
}

void CompileNetwork(Option& option) {
  if (option.At(0, "network") == nullptr) return;
  for (const Datum& datum : option.values) {
    const std::string name = option.Name(datum, "network");
    option.container().spans.Set("network", name, datum.span);
    option.service.networks.push_back(name);
  }
}

namespace {

void AddMount(Option& option, MountKind kind, std::string source, const Datum& target,
              absl::string_view target_what, bool read_only) {
  const std::string path = option.Checked(target, target_what, TargetProblem);
  const std::string clean = path.empty() ? "" : CleanTarget(path);
  option.container().spans.Set("mount", clean, target.span);
  option.container().mounts.push_back({kind, std::move(source), clean, read_only});
}

}  // namespace

void CompileVolume(Option& option) {
  const Datum* name = option.At(0, "volume name");
  if (name == nullptr) return;
  const Datum* target = option.At(1, "volume mount_path");
  if (target == nullptr) return;
  AddMount(option, MountKind::kVolume, option.Name(*name, "volume name"), *target,
           "volume mount_path", false);
  option.NoMoreThan(2);
}

void CompileBindTo(Option& option, bool read_only) {
  const std::string source_what = absl::StrCat(option.name, " host_path");
  const std::string target_what = absl::StrCat(option.name, " container_path");
  const Datum* source = option.At(0, source_what);
  if (source == nullptr) return;
  const Datum* target = option.At(1, target_what);
  if (target == nullptr) return;
  AddMount(option, MountKind::kBind, option.Text(*source, source_what), *target, target_what,
           read_only);
  // Whether it is there is for those to say who look at the disk.
  option.container().spans.Set("mount-source", option.container().mounts.mounts().back().target,
                               source->span);
  option.NoMoreThan(2);
}
void CompileBind(Option& option) { CompileBindTo(option, false); }
void CompileBindReadOnly(Option& option) { CompileBindTo(option, true); }

void CompileTmpfs(Option& option) {
  if (option.At(0, "tmpfs") == nullptr) return;
  for (const Datum& datum : option.values) {
    AddMount(option, MountKind::kTmpfs, "", datum, "tmpfs", false);
  }
}

namespace {

// An integer or the digits of one, 1..65535.
std::optional<uint16_t> PortOf(Option& option, const Datum& datum, absl::string_view what) {
  constexpr int64_t kLargest = 65535;
  int64_t number = 0;
  if (datum.value.is_int()) {
    number = datum.value.as_int();
  } else if (datum.value.is_string() || datum.value.is_symbol()) {
    const std::string text(datum.value.text());
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) {
      option.Error(datum.span, absl::StrCat(what, ": invalid port '", text, "'"),
                   option.ShapeHint());
      return std::nullopt;
    }
    number = ParsePort(text).value_or(0);
  } else {
    option.Error(datum.span, absl::StrCat(what, ": expected integer port"),
                 absl::StrCat("got ", datum.value.type_name()));
    return std::nullopt;
  }
  if (number < 1 || number > kLargest) {
    option.Error(datum.span, absl::StrCat(what, ": port out of range"), "a port is 1 to 65535");
    return std::nullopt;
  }
  return static_cast<uint16_t>(number);
}

void AddPort(Option& option, PortMapping port, Span at) {
  std::vector<PortMapping>& ports = option.container().net.ports;
  option.container().spans.Set("port", absl::StrCat(ports.size()), at);
  ports.push_back(std::move(port));
}

// The one value of (port "8080:80"), (port "0.0.0.0:8080:80").
void CompilePortText(Option& option, const Datum& datum) {
  if (!datum.value.is_string() || !absl::StrContains(datum.value.text(), ":")) {
    return option.Error(datum.span, "port: expected two values, HOST and CONTAINER, got 1",
                        option.ShapeHint());
  }
  const absl::string_view text = datum.value.text();
  const std::optional<PortMapping> port = ParsePortMapping(text);
  if (!port) {
    option.Error(datum.span, absl::StrCat("port: invalid port '", text, "'"),
                 "expected \"8080:80\" or \"ADDRESS:8080:80\"");
  } else if (port->protocol != Protocol::kTcp) {
    option.Error(datum.span, "port: only TCP ports can be published", "leave '/udp' out");
  } else {
    AddPort(option, *port, datum.span);
  }
}

}  // namespace

void CompilePort(Option& option) {
  const Datum* host = option.At(0, "port host");
  if (host == nullptr) return;
  if (option.values.size() == 1) return CompilePortText(option, *host);
  const std::optional<uint16_t> host_port = PortOf(option, *host, "port host");
  const std::optional<uint16_t> inside = PortOf(option, option.values[1], "port container");
  PortMapping port;
  if (option.values.size() > 2) {
    port.host_address =
        option.Checked(option.values[2], "port address", [](absl::string_view text) {
          return ParseIpv4(text) ? absl::string_view() : "is no IPv4 address";
        });
  }
  option.NoMoreThan(3);
  if (!host_port || !inside) return;
  port.host = *host_port;
  port.inside = *inside;
  AddPort(option, std::move(port), host->span);
}

void CompileMemory(Option& option) {
  const Datum* size = option.At(0, "memory");
  if (size == nullptr) return;
  option.Remember(size->span);
  option.NoMoreThan(1);
  const size_t errors = option.diags.errors();
  const std::string text = option.TextOrNumber(*size, "memory");
  if (option.Broken(errors)) return;
  const std::optional<uint64_t> bytes = ParseByteSize(text);
  if (bytes && MemoryProblem(*bytes).empty()) {
    option.container().cgroup.memory_bytes = *bytes;
  } else if (bytes) {
    const bool no_unit = absl::ascii_isdigit(static_cast<unsigned char>(text.back()));
    option.Error(size->span, absl::StrCat("memory: '", text, "' ", MemoryProblem(*bytes)),
                 no_unit ? absl::StrCat("did you mean '", text, "m'?") : option.ShapeHint());
  } else {
    option.Error(size->span, absl::StrCat("memory: '", text, "' is not a size"),
                 "expected a number of bytes, or one with k, m or g: \"512m\", \"1.5g\"");
  }
}

void CompileCpus(Option& option) {
  const Datum* number = option.At(0, "cpus");
  if (number == nullptr) return;
  option.Remember(number->span);
  option.NoMoreThan(1);
  const size_t errors = option.diags.errors();
  const std::string text = option.TextOrNumber(*number, "cpus");
  if (option.Broken(errors)) return;
  if (const std::optional<uint64_t> quota = ParseCpus(text)) {
    option.container().cgroup.cpu_quota_microseconds = *quota;
  } else {
    option.Error(number->span, absl::StrCat("cpus: '", text, "' is not a number of CPUs"),
                 "expected 0.01 to 4096, such as \"0.5\"");
  }
}

namespace {

// "uid", "uid:gid", "name", "name:group"; names as useradd(8) makes them.
absl::string_view UserProblem(absl::string_view text) {
  const size_t colon = text.find(':');
  const auto is_part = [](absl::string_view part) {
    if (!part.empty() && part[0] == '_') part.remove_prefix(1);
    return NameProblem(part).empty();
  };
  const bool good = colon == absl::string_view::npos
                        ? is_part(text)
                        : is_part(text.substr(0, colon)) && is_part(text.substr(colon + 1));
  return good ? "" : "is neither uid, uid:gid, name nor name:group";
}

}  // namespace

void CompileUser(Option& option) {
  const Datum* user = option.At(0, "user");
  if (user == nullptr) return;
  option.container().user = user->value.is_number() ? reml::Display(user->value)
                                                    : option.Checked(*user, "user", UserProblem);
  option.Remember(user->span);
  option.NoMoreThan(1);
}

void CompileWorkdir(Option& option) {
  const Datum* folder = option.At(0, "workdir");
  if (folder == nullptr) return;
  option.container().workdir =
      option.Checked(*folder, "workdir", [](absl::string_view path) -> absl::string_view {
        return path[0] == '/' ? "" : "must be an absolute path";
      });
  option.Remember(folder->span);
  option.NoMoreThan(1);
}

void CompileCapabilities(Option& option, CapabilitySet& set) {
  if (option.At(0, option.name) == nullptr) return;
  for (const Datum& datum : option.values) {
    const size_t errors = option.diags.errors();
    const std::string name = option.Text(datum, option.name);
    if (option.Broken(errors)) continue;
    option.container().spans.Set(std::string(option.name), name, datum.span);
    if (absl::EqualsIgnoreCase(name, "all")) {
      set = CapabilitySet::All();
    } else if (const std::optional<Capability> cap = FindCapability(name)) {
      set.insert(*cap);
    } else {
      const std::string near = Suggest(name, kCapabilityNames);
      option.Error(
          datum.span, absl::StrCat(option.name, ": unknown capability '", name, "'"),
          near.empty() ? "see capabilities(7)" : absl::StrCat("did you mean '", near, "'?"));
    }
  }
}
void CompileCapAdd(Option& option) { CompileCapabilities(option, option.added); }
void CompileCapDrop(Option& option) { CompileCapabilities(option, option.dropped); }

// Seconds, or a text with units. A text without a unit is none of both.
void CompileStopGracePeriod(Option& option) {
  const Datum* time = option.At(0, "stop-grace-period");
  if (time == nullptr) return;
  option.Remember(time->span);
  option.NoMoreThan(1);
  constexpr absl::string_view kHint = "seconds, or a text with units: 30, \"30s\", \"1m30s\"";
  std::optional<int64_t> seconds;
  if (time->value.is_int()) {
    seconds = time->value.as_int();
  } else if (time->value.is_string() || time->value.is_symbol()) {
    const absl::string_view text = time->value.text();
    seconds = ParseDuration(text);
    if (!seconds && text.find_first_not_of("-0123456789") != absl::string_view::npos) {
      return option.Error(time->span,
                          absl::StrCat("stop-grace-period: '", text, "' is not a duration"),
                          std::string(kHint));
    }
  }
  if (!seconds) {
    return option.Error(time->span, "stop-grace-period: expected a non-negative integer",
                        std::string(kHint));
  }
  constexpr int64_t kLongest = 24 * 60 * 60;
  if (*seconds < 0 || *seconds > kLongest) {
    return option.Error(time->span, "stop-grace-period: value out of range",
                        "0 seconds to 24 hours");
  }
  option.container().stop_grace_seconds = static_cast<int>(*seconds);
}

namespace {

// "db:5432", as others write it: how it is written here.
std::string PortBehindColon(reml::Value value) {
  if (!value.is_string()) return "";
  const absl::string_view text = value.text();
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || !ParsePort(text.substr(colon + 1))) return "";
  return absl::StrCat("did you mean (depends-on \"", text.substr(0, colon), "\" ",
                      text.substr(colon + 1), ")?");
}

}  // namespace

// SERVICE [PORT], several of them in a row if need be: "a" "b" 80.
void CompileDependsOn(Option& option) {
  if (option.At(0, "depends-on") == nullptr) return;
  for (size_t i = 0; i < option.values.size(); ++i) {
    const Datum& datum = option.values[i];
    const size_t errors = option.diags.errors();
    if (const std::string hint = PortBehindColon(datum.value); !hint.empty()) {
      return option.Error(datum.span, "depends-on: the port is a value of its own", hint);
    }
    Dependency dependency{option.Name(datum, "depends-on"), std::nullopt, datum.span};
    if (option.Broken(errors)) return;
    if (i + 1 < option.values.size()) {
      const Datum& next = option.values[i + 1];
      const bool text = next.value.is_string() || next.value.is_symbol();
      if (next.value.is_int()) {
        dependency.port = PortOf(option, next, "depends-on port");
        ++i;
      } else if (!text || ParsePort(next.value.text())) {
        return option.Error(next.span, "depends-on: optional second arg must be a port number",
                            text ? absl::StrCat("write it without quotes: ", next.value.text())
                                 : absl::StrCat("got ", next.value.type_name()));
      }
    }
    option.container().spans.Set("depends-on", dependency.service, datum.span);
    option.service.depends_on.push_back(std::move(dependency));
  }
}

}  // namespace pelagos
