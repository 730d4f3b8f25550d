#include "pelagos/spec/service_options.h"

#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/abi/capability.h"
#include "pelagos/base/suggest.h"
#include "pelagos/policy/cgroup_plan.h"
#include "pelagos/policy/cidr.h"
#include "pelagos/reml/printer.h"

namespace pelagos {
namespace {

using reml::Value;

struct Datum {
  Value value;
  Span span;
};

// One option while it is compiled.
struct Option {
  absl::string_view name;
  absl::string_view shape;
  Span span;  // of the whole option
  std::vector<Datum> values;
  ServiceSpec& service;
  CapabilitySet& added;
  CapabilitySet& dropped;
  Diagnostics& diags;

  ContainerSpec& container() { return service.container; }
  void Error(Span at, std::string message, std::string hint = "") {
    diags.Error(at, std::move(message), std::move(hint));
  }
  std::string ShapeHint() const { return absl::StrCat("expected ", shape); }

  // "WHAT: missing value" if the option has no value `index`.
  const Datum* At(size_t index, absl::string_view what) {
    if (index < values.size()) return &values[index];
    Error(span, absl::StrCat(what, ": missing value"), ShapeHint());
    return nullptr;
  }
  void NoMoreThan(size_t count) {
    if (values.size() <= count) return;
    const Datum& extra = values[count];
    Error(extra.span, absl::StrCat(name, ": unexpected value ", reml::Write(extra.value)),
          ShapeHint());
  }
  std::string Text(const Datum& datum, absl::string_view what) {
    return TextOf(datum.value, datum.span, what, diags);
  }
  // Numbers too, as they are written.
  std::string TextOrNumber(const Datum& datum, absl::string_view what) {
    if (datum.value.is_number()) return reml::Display(datum.value);
    return Text(datum, what);
  }
  void Remember(Span at) { container().spans.Set(std::string(name), at); }
};

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
    // A list as it is written in define-service: '("sh" "-c").
    if (datum.value.is_pair()) {
      for (Value rest = datum.value; rest.is_pair(); rest = rest.cdr()) {
        const Span at = reml::CarSpan(rest);
        words.push_back(option.TextOrNumber({rest.car(), at.known() ? at : datum.span}, "command"));
      }
    } else {
      words.push_back(option.TextOrNumber(datum, "command"));
    }
  }
  option.container().command = std::move(words);
  option.Remember(option.values[0].span);
}

void CompileEnv(Option& option) {
  const Datum* key = option.At(0, "env key");
  if (key == nullptr) return;
  const Datum* value = option.At(1, "env value");
  if (value == nullptr) return;
  EnvVariable variable = {option.Text(*key, "env key"), option.TextOrNumber(*value, "env value")};
  if (key->value.is_string() && (variable.key.empty() || absl::StrContains(variable.key, "="))) {
    option.Error(key->span, absl::StrCat("env key: '", variable.key, "' cannot be a name"),
                 "a name is not empty and has no '='");
  }
  option.container().spans.Set("env", variable.key, key->span);
  option.container().env.push_back(std::move(variable));
  option.NoMoreThan(2);
}

void CompileNetwork(Option& option) {
  if (option.At(0, "network") == nullptr) return;
  for (const Datum& datum : option.values) {
    const std::string name = option.Text(datum, "network");
    option.container().spans.Set("network", name, datum.span);
    option.service.networks.push_back(name);
  }
}

void AddMount(Option& option, Mount mount, Span target_span) {
  option.container().spans.Set("mount", mount.target, target_span);
  option.container().mounts.push_back(std::move(mount));
}

void CompilePair(Option& option, MountKind kind, bool read_only, absl::string_view source_what,
                 absl::string_view target_what) {
  const Datum* source = option.At(0, source_what);
  if (source == nullptr) return;
  const Datum* target = option.At(1, target_what);
  if (target == nullptr) return;
  AddMount(option,
           {kind, option.Text(*source, source_what), option.Text(*target, target_what), read_only},
           target->span);
  const std::string item = option.container().mounts.mounts().back().target;
  option.container().spans.Set("mount-source", item, source->span);
  option.NoMoreThan(2);
}

void CompileVolume(Option& option) {
  CompilePair(option, MountKind::kVolume, false, "volume name", "volume mount_path");
}
void CompileBind(Option& option) {
  CompilePair(option, MountKind::kBind, false, "bind host_path", "bind container_path");
}
void CompileBindReadOnly(Option& option) {
  CompilePair(option, MountKind::kBind, true, "bind-ro host_path", "bind-ro container_path");
}

void CompileTmpfs(Option& option) {
  if (option.At(0, "tmpfs") == nullptr) return;
  for (const Datum& datum : option.values) {
    AddMount(option, {MountKind::kTmpfs, "", option.Text(datum, "tmpfs"), false}, datum.span);
  }
}

// An integer or the digits of one, 1..65535.
std::optional<uint16_t> PortOf(Option& option, const Datum& datum, absl::string_view what) {
  constexpr int64_t kLargest = 65535;
  int64_t number = 0;
  if (datum.value.is_int()) {
    number = datum.value.as_int();
  } else if (datum.value.is_string() || datum.value.is_symbol()) {
    const std::string text(datum.value.text());
    if (!absl::SimpleAtoi(text, &number)) {
      option.Error(datum.span, absl::StrCat(what, ": invalid port '", text, "'"),
                   option.ShapeHint());
      return std::nullopt;
    }
  } else {
    option.Error(datum.span, absl::StrCat(what, ": expected integer port"),
                 absl::StrCat("got ", datum.value.type_name()));
    return std::nullopt;
  }
  if (number < 1 || number > kLargest) {
    option.Error(datum.span, absl::StrCat(what, ": port out of range"), "ports are 1 to 65535");
    return std::nullopt;
  }
  return static_cast<uint16_t>(number);
}

void AddPort(Option& option, std::string address, std::optional<uint16_t> host,
             std::optional<uint16_t> inside, Span address_span) {
  if (!ParseIpv4(address)) {
    option.Error(address_span, absl::StrCat("port address: '", address, "' is no IPv4 address"),
                 "such as 127.0.0.1, or 0.0.0.0 for every address of the host");
    return;
  }
  if (!host || !inside) return;
  std::vector<PortMapping>& ports = option.container().net.ports;
  option.container().spans.Set("port", absl::StrCat(ports.size()), option.span);
  ports.push_back({std::move(address), *host, *inside, Protocol::kTcp});
}

void CompilePort(Option& option) {
  const Datum* host = option.At(0, "port host");
  if (host == nullptr) return;
  const std::string default_address(kLoopbackAddress);
  if (option.values.size() == 1 && host->value.is_string() &&
      absl::StrContains(host->value.text(), ":")) {
    // "8080:80", "0.0.0.0:8080:80"
    std::vector<std::string> parts =
        absl::StrSplit(absl::string_view(host->value.text()), absl::MaxSplits(':', 2));
    const std::string address = parts.size() == 3 ? parts[0] : default_address;
    if (parts.size() == 3) parts.erase(parts.begin());
    std::array<std::optional<uint16_t>, 2> numbers;
    for (size_t i = 0; i < 2; ++i) {
      int number = 0;
      if (absl::SimpleAtoi(parts[i], &number) && number >= 1 && number <= 65535) {
        numbers[i] = static_cast<uint16_t>(number);
      } else {
        option.Error(host->span,
                     absl::StrCat(i == 0 ? "port host" : "port container", ": invalid port '",
                                  parts[i], "'"),
                     option.ShapeHint());
      }
    }
    return AddPort(option, address, numbers[0], numbers[1], host->span);
  }
  const std::optional<uint16_t> host_port = PortOf(option, *host, "port host");
  const Datum* inside = option.At(1, "port container");
  if (inside == nullptr) return;
  const std::optional<uint16_t> inside_port = PortOf(option, *inside, "port container");
  std::string address = default_address;
  if (option.values.size() > 2) address = option.Text(option.values[2], "port address");
  AddPort(option, address, host_port, inside_port,
          option.values[std::min<size_t>(2, option.values.size() - 1)].span);
  option.NoMoreThan(3);
}

void CompileMemory(Option& option) {
  const Datum* size = option.At(0, "memory");
  if (size == nullptr) return;
  option.Remember(size->span);
  option.NoMoreThan(1);
  const size_t errors = option.diags.errors();
  const std::string text = option.TextOrNumber(*size, "memory");
  if (option.diags.errors() != errors) return;
  if (const std::optional<uint64_t> bytes = ParseByteSize(text)) {
    option.container().cgroup.memory_bytes = *bytes;
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
  if (option.diags.errors() != errors) return;
  if (const std::optional<uint64_t> quota = ParseCpus(text)) {
    option.container().cgroup.cpu_quota_microseconds = *quota;
  } else {
    option.Error(number->span, absl::StrCat("cpus: '", text, "' is not a number of CPUs"),
                 "expected 0.01 to 4096, such as \"0.5\"");
  }
}

void CompileUser(Option& option) {
  const Datum* user = option.At(0, "user");
  if (user == nullptr) return;
  option.container().user = option.TextOrNumber(*user, "user");
  option.Remember(user->span);
  option.NoMoreThan(1);
}

void CompileWorkdir(Option& option) {
  const Datum* folder = option.At(0, "workdir");
  if (folder == nullptr) return;
  option.container().workdir = option.Text(*folder, "workdir");
  option.Remember(folder->span);
  option.NoMoreThan(1);
}

void CompileCapabilities(Option& option, CapabilitySet& set) {
  if (option.At(0, option.name) == nullptr) return;
  for (const Datum& datum : option.values) {
    const size_t errors = option.diags.errors();
    const std::string name = option.Text(datum, option.name);
    if (option.diags.errors() != errors) continue;
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

void CompileStopGracePeriod(Option& option) {
  const Datum* seconds = option.At(0, "stop-grace-period");
  if (seconds == nullptr) return;
  option.Remember(seconds->span);
  option.NoMoreThan(1);
  if (!seconds->value.is_int()) {
    return option.Error(seconds->span, "stop-grace-period: expected a non-negative integer",
                        "seconds, such as 30");
  }
  const int64_t number = seconds->value.as_int();
  constexpr int64_t kLongest = 24 * 60 * 60;
  if (number < 0 || number > kLongest) {
    return option.Error(seconds->span, "stop-grace-period: value out of range",
                        "seconds, 0 to 86400");
  }
  option.container().stop_grace_seconds = static_cast<int>(number);
}

// SERVICE [PORT], several of them in a row if need be: "a" "b" 80.
void CompileDependsOn(Option& option) {
  if (option.At(0, "depends-on") == nullptr) return;
  for (size_t i = 0; i < option.values.size(); ++i) {
    const Datum& datum = option.values[i];
    const size_t errors = option.diags.errors();
    Dependency dependency{option.Text(datum, "depends-on"), std::nullopt, datum.span};
    if (option.diags.errors() != errors) return;
    if (i + 1 < option.values.size()) {
      const Datum& next = option.values[i + 1];
      if (next.value.is_int()) {
        dependency.port = PortOf(option, next, "depends-on port");
        ++i;
      } else if (!next.value.is_string() && !next.value.is_symbol()) {
        return option.Error(next.span, "depends-on: optional second arg must be a port number",
                            absl::StrCat("got ", next.value.type_name()));
      }
    }
    option.container().spans.Set("depends-on", dependency.service, datum.span);
    option.service.depends_on.push_back(std::move(dependency));
  }
}

struct CompiledRow {
  ServiceOptionRow row;
  void (*compile)(Option&);
};

constexpr std::array<CompiledRow, 18> kOptions = {{
    {{"image", "(image REFERENCE)", "what to run"}, CompileImage},
    {{"command", "(command WORD...)", "replaces the image's entrypoint and command"},
     CompileCommand},
    {{"env", "(env KEY VALUE)", "a variable of the environment"}, CompileEnv},
    {{"network", "(network NAME...)", "networks to join"}, CompileNetwork},
    {{"port", "(port HOST CONTAINER [ADDRESS])", "publishes a TCP port"}, CompilePort},
    {{"volume", "(volume NAME PATH)", "a volume of the stack"}, CompileVolume},
    {{"bind", "(bind HOST-PATH PATH)", "a host path, writable"}, CompileBind},
    {{"bind-rw", "(bind-rw HOST-PATH PATH)", "the same as bind"}, CompileBind},
    {{"bind-ro", "(bind-ro HOST-PATH PATH)", "a host path, read-only"}, CompileBindReadOnly},
    {{"tmpfs", "(tmpfs PATH...)", "a file system in memory"}, CompileTmpfs},
    {{"depends-on", "(depends-on SERVICE [PORT])", "starts after it is ready"}, CompileDependsOn},
    {{"memory", "(memory SIZE)", "limit of memory"}, CompileMemory},
    {{"cpus", "(cpus NUMBER)", "limit of CPUs"}, CompileCpus},
    {{"user", "(user USER)", "UID[:GID] or NAME[:GROUP]"}, CompileUser},
    {{"workdir", "(workdir PATH)", "where the command starts"}, CompileWorkdir},
    {{"cap-add", "(cap-add NAME...)", "capabilities on top of the default set"}, CompileCapAdd},
    {{"cap-drop", "(cap-drop NAME...)", "capabilities out of it"}, CompileCapDrop},
    {{"stop-grace-period", "(stop-grace-period SECONDS)", "between stop signal and kill"},
     CompileStopGracePeriod},
}};

const CompiledRow* FindOption(absl::string_view name) {
  for (const CompiledRow& option : kOptions) {
    if (option.row.name == name) return &option;
  }
  return nullptr;
}

std::string UnknownOptionHint(absl::string_view written) {
  std::vector<absl::string_view> names;
  for (const CompiledRow& option : kOptions) names.push_back(option.row.name);
  const std::string near = Suggest(written, names);
  return near.empty() ? "" : absl::StrCat("did you mean '", near, "'?");
}

}  // namespace

absl::Span<const ServiceOptionRow> ServiceOptions() {
  static constexpr auto kRows = [] {
    std::array<ServiceOptionRow, kOptions.size()> rows = {};
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = kOptions[i].row;
    return rows;
  }();
  return kRows;
}

std::string TextOf(Value value, Span span, absl::string_view what, Diagnostics& diags) {
  if (value.is_string() || value.is_symbol()) return std::string(value.text());
  diags.Error(span, absl::StrCat(what, ": expected string or symbol, got ", value.type_name()));
  return "";
}

void CompileServiceOptions(reml::CallContext& ctx, absl::Span<const Value> options,
                           size_t first_argument, ServiceSpec& service, Diagnostics& diags) {
  CapabilitySet added, dropped;
  for (size_t i = 0; i < options.size(); ++i) {
    const Value list = options[i];
    const Span argument = ctx.ArgSpan(first_argument + i);
    if (!list.is_pair()) {
      diags.Error(argument, absl::StrCat("service option must be a list, got ", list.type_name()),
                  "such as '(image \"busybox\")");
      continue;
    }
    const Span known = reml::SpanOf(list);
    const Span span = known.known() ? known : argument;
    const auto span_of = [&](Value pair) {
      const Span at = reml::CarSpan(pair);
      return at.known() ? at : span;
    };
    if (!list.car().is_symbol() && !list.car().is_string()) {
      diags.Error(span_of(list),
                  absl::StrCat("service option: expected a name, got ", list.car().type_name()));
      continue;
    }
    const absl::string_view name = list.car().text();
    const CompiledRow* row = FindOption(name);
    if (row == nullptr) {
      diags.Error(span_of(list), absl::StrCat("service: unknown option '", name, "'"),
                  UnknownOptionHint(name));
      continue;
    }
    Option option{row->row.name, row->row.shape, span, {}, service, added, dropped, diags};
    Value rest = list.cdr();
    for (; rest.is_pair(); rest = rest.cdr()) option.values.push_back({rest.car(), span_of(rest)});
    if (!rest.is_nil()) {
      // (env "K" . "V"): the tail is the last value.
      const Span at = span;
      option.values.push_back({rest, at});
    }
    row->compile(option);
  }
  service.container.capabilities = (kDefaultCapabilities - dropped) | added;
}

}  // namespace pelagos
