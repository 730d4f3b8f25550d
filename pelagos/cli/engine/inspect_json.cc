#include "pelagos/cli/engine/inspect_json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/abi/signal.h"
#include "pelagos/base/suggest.h"
#include "pelagos/cli/engine/shown.h"
#include "pelagos/cli/quantity.h"
#include "pelagos/plan/environment.h"
#include "pelagos/plan/json.h"
#include "pelagos/spec/json.h"
#include "pelagos/sys/net/rtnetlink.h"

namespace pelagos::cli {
namespace {

using container::Found;
using container::Status;
using Json = nlohmann::ordered_json;

// What Docker writes for a time that has not been.
std::string TimeOrNever(const std::string& time) {
  return time.empty() ? "0001-01-01T00:00:00Z" : time;
}

Json StateJson(const Found& found, const std::string& health) {
  const store::ContainerState& state = found.state;
  const bool running = found.running();
  Json json = {{"Status", container::NameOf(found.status)},
               {"Running", running},
               {"Paused", found.status == Status::kPaused},
               {"Restarting", found.status == Status::kRestarting},
               {"OOMKilled", state.out_of_memory},
               {"Dead", false},
               {"Lost", found.status == Status::kLost},
               {"Pid", running ? state.init.pid : 0},
               {"MonitorPid", running ? state.monitor.pid : 0},
               {"ExitCode", state.exit_code},
               {"Error", state.error},
               {"StartedAt", TimeOrNever(state.started_at)},
               {"FinishedAt", TimeOrNever(state.finished_at)}};
  if (Json probes = Json::parse(health, nullptr, false); probes.is_object()) {
    json["Health"] = std::move(probes);
  } else if (!found.health.empty()) {
    json["Health"] = {{"Status", found.health}};
  }
  return json;
}

std::string ModeOf(const Found& found) {
  for (const NamespaceJoin& join : found.record.spec.joins) {
    if (join.kind != Namespace::kNet) continue;
    return join.container.empty() ? absl::StrCat("ns:", join.path)
                                  : absl::StrCat("container:", join.container);
  }
  const std::vector<std::string> names = NetworkNames(found);
  return names.empty() ? "" : names[0];
}

// "80/tcp": the addresses of the host that lead there.
Json PortsJson(const Found& found, const std::vector<PortMapping>& ports, bool exposed_too) {
  Json json = Json::object();
  for (const PortMapping& port : ports) {
    std::string host = port.host == 0 ? "" : absl::StrCat(port.host);
    if (port.host_last != 0) absl::StrAppend(&host, "-", port.host_last);
    json[absl::StrCat(port.inside, "/", NameOf(port.protocol))].push_back(
        {{"HostIp", port.host_address}, {"HostPort", std::move(host)}});
  }
  for (const std::string& exposed : found.record.image.exposed_ports) {
    const std::string port = ExposedPort(exposed);
    if (exposed_too && !port.empty() && !json.contains(port)) json[port] = nullptr;
  }
  return json;
}

Json CapabilityList(CapabilitySet set) {
  Json list = Json::array();
  for (absl::string_view name : absl::StrSplit(CapabilityNames(set), ' ', absl::SkipEmpty())) {
    std::string word = absl::StrCat("CAP_", name);
    std::replace(word.begin(), word.end(), '-', '_');
    for (char& c : word) c = absl::ascii_toupper(static_cast<unsigned char>(c));
    list.push_back(std::move(word));
  }
  return list;
}

Json HostConfigJson(const Found& found) {
  const ContainerSpec& spec = found.record.spec;
  Json binds = Json::array(), tmpfs = Json::object(), hosts = Json::array();
  for (const Mount& mount : spec.mounts.mounts()) {
    if (mount.kind == MountKind::kTmpfs) {
      tmpfs[mount.target] = mount.read_only ? "ro" : "";
    } else {
      binds.push_back(absl::StrCat(mount.source, ":", mount.target, mount.read_only ? ":ro" : ""));
    }
  }
  for (const ExtraHost& host : spec.extra_hosts) {
    hosts.push_back(absl::StrCat(host.name, ":", host.address));
  }
  const RestartPolicy& restart = spec.lifecycle.restart;
  const LogOptions& log = spec.lifecycle.log;
  Json log_config = Json::object();
  if (log.max_bytes > 0) log_config["max-size"] = absl::StrCat(log.max_bytes);
  if (log.max_files > 1) log_config["max-file"] = absl::StrCat(log.max_files);
  const CgroupPlan& cgroup = spec.cgroup;
  return {{"Binds", std::move(binds)},
          {"Tmpfs", std::move(tmpfs)},
          {"LogConfig", {{"Type", log.none ? "none" : "local"}, {"Config", std::move(log_config)}}},
          {"NetworkMode", ModeOf(found)},
          {"PortBindings", PortsJson(found, found.record.spec.net.ports, false)},
          {"RestartPolicy", {{"Name", NameOf(restart.when)}, {"MaximumRetryCount", restart.most}}},
          {"AutoRemove", spec.lifecycle.remove},
          {"CapAdd", CapabilityList(spec.capabilities - kDefaultCapabilities)},
          {"CapDrop", CapabilityList(kDefaultCapabilities - spec.capabilities)},
          {"ExtraHosts", std::move(hosts)},
          {"GroupAdd", spec.groups},
          {"Init", spec.init},
          {"Privileged", spec.privileged},
          {"ReadonlyRootfs", spec.read_only},
          {"ShmSize", spec.shm_bytes},
          {"CgroupParent", cgroup.parent},
          {"Memory", cgroup.memory_bytes},
          {"MemoryReservation", cgroup.memory_reservation_bytes},
          {"MemorySwap", cgroup.memory_swap_bytes},
          {"CpuPeriod", cgroup.cpu_quota_microseconds == 0 ? 0 : cgroup.cpu_period_microseconds},
          {"CpuQuota", cgroup.cpu_quota_microseconds},
          {"CpuShares", cgroup.cpu_shares},
          {"PidsLimit", cgroup.pids},
          {"OomKillDisable", cgroup.oom_kill_disable},
          {"OomScoreAdj", spec.oom_score_adj.value_or(0)}};
}

Json MountsJson(const store::Roots& roots, const Found& found) {
  Json list = Json::array();
  for (const Mount& mount : found.record.spec.mounts.mounts()) {
    Json json = {{"Type", NameOf(mount.kind)}};
    if (mount.kind == MountKind::kVolume) {
      json["Name"] = mount.source;
      json["Source"] = absl::StrCat(roots.Volume(mount.source), "/data");
    } else {
      json["Source"] = mount.source;
    }
    json["Destination"] = mount.target;
    json["Mode"] = mount.read_only ? "ro" : "";
    json["RW"] = !mount.read_only;
    json["Propagation"] = absl::StrCat("r", NameOf(mount.options.propagation));
    list.push_back(std::move(json));
  }
  return list;
}

Json HealthCheckJson(const HealthCheck& check) {
  Json test = {"CMD"};
  for (const std::string& word : check.command) test.push_back(word);
  return {{"Test", std::move(test)},
          {"Interval", check.interval_ns},
          {"Timeout", check.timeout_ns},
          {"StartPeriod", check.start_period_ns},
          {"StartInterval", check.start_interval_ns},
          {"Retries", check.retries}};
}

Json ConfigJson(const Found& found) {
  const ContainerSpec& spec = found.record.spec;
  const ResolvedImage& image = found.record.image;
  Json exposed = Json::object(), volumes = Json::object();
  const Json ports = PortsJson(found, found.record.spec.net.ports, true);
  for (const auto& [port, addresses] : ports.items()) exposed[port] = Json::object();
  for (const std::string& volume : image.volumes) volumes[volume] = Json::object();
  Json json = {{"Hostname", HostnameOf(spec)},
               {"Domainname", spec.domainname},
               {"User", spec.user.empty() ? image.user : spec.user},
               {"Tty", spec.terminal},
               {"OpenStdin", spec.lifecycle.open_stdin},
               {"Env", EnvironmentOf(spec, image, found.record.user)},
               {"Cmd", Json()},
               {"Image", ImageText(found)},
               {"Volumes", std::move(volumes)},
               {"WorkingDir", WorkdirOf(spec, image)},
               {"Entrypoint", Json()},
               {"ExposedPorts", std::move(exposed)},
               {"Labels", spec.lifecycle.labels},
               {"StopSignal", image.stop_signal},
               {"StopTimeout", spec.stop_grace_seconds}};
  if (spec.command.empty()) {
    const std::vector<std::string>& entrypoint = spec.entrypoint.value_or(image.entrypoint);
    const std::vector<std::string> all = CommandOf(spec, image);
    json["Entrypoint"] = entrypoint.empty() ? Json() : Json(entrypoint);
    json["Cmd"] = std::vector<std::string>(
        all.begin() + static_cast<std::ptrdiff_t>(entrypoint.size()), all.end());
  } else {
    json["Cmd"] = spec.command;
  }
  if (spec.stop_signal) json["StopSignal"] = SignalName(*spec.stop_signal);
  if (json["StopSignal"] == "") json["StopSignal"] = "SIGTERM";
  const std::optional<HealthCheck> health = HealthOf(spec.lifecycle.health, image.health);
  if (health) json["Healthcheck"] = HealthCheckJson(*health);
  return json;
}

// As it is while the container runs; else as it was asked for.
Json NetworkJson(const Found& found, const std::optional<net::Endpoint>& endpoint) {
  Json networks = Json::object();
  std::string first;
  for (const Attachment& attachment : found.record.spec.net.attachments) {
    networks[attachment.network] = {{"IPAddress", ""}, {"Aliases", attachment.aliases}};
    if (!attachment.mac.empty()) networks[attachment.network]["MacAddress"] = attachment.mac;
  }
  if (endpoint && found.running()) networks = Json::object();
  for (const net::Interface& inside :
       endpoint&& found.running() ? endpoint->interfaces : std::vector<net::Interface>()) {
    const std::string address = sys::ToString(inside.address);
    if (first.empty()) first = address;
    Json json = {{"Interface", inside.name},
                 {"Driver", std::string(NameOf(inside.driver))},
                 {"IPAddress", address},
                 {"IPPrefixLen", inside.prefix},
                 {"Gateway", sys::ToString(inside.gateway)},
                 {"MacAddress", inside.mac.empty() ? "" : sys::MacText(inside.mac)},
                 {"Aliases", inside.names}};
    if (inside.address6) {
      json["GlobalIPv6Address"] = sys::ToString(*inside.address6);
      json["GlobalIPv6PrefixLen"] = inside.prefix6;
      json["IPv6Gateway"] = sys::ToString(inside.gateway6);
    }
    networks[inside.network] = std::move(json);
  }
  return {{"Ports", found.running() ? PortsJson(found, found.ports, true) : Json::object()},
          {"IPAddress", first},
          {"Networks", std::move(networks)}};
}

Json Parsed(const std::string& text) { return Json::parse(text, nullptr, false); }

}  // namespace

Json ContainerJson(const store::Roots& roots, const Found& found, const ContainerDetails& details) {
  const bool kept = found.kind == container::Kind::kKept;
  Json json = {{"Id", found.id},
               {"Name", found.name},
               {"Kind", kept                                      ? "kept"
                        : found.kind == container::Kind::kService ? "service"
                                                                  : "foreground"}};
  if (!found.project.empty()) json["Project"] = found.project;
  if (!found.service.empty()) json["Service"] = found.service;
  json["State"] = StateJson(found, details.health);
  if (!found.has_record) return json;
  const ResolvedImage& image = found.record.image;
  const std::vector<std::string> command = CommandOf(found.record.spec, image);
  const std::string folder = kept ? roots.KeptContainer(found.id) : roots.Container(found.id);
  json["Created"] = TimeOrNever(found.record.created);
  json["Path"] = command.empty() ? "" : command[0];
  json["Args"] =
      std::vector<std::string>(command.begin() + (command.empty() ? 0 : 1), command.end());
  json["Image"] = image.digest;
  json["ImageName"] = image.reference;
  const bool logs =
      found.kind != container::Kind::kForeground && !found.record.spec.lifecycle.log.none;
  json["LogPath"] = logs ? absl::StrCat(folder, "/log") : "";
  json["RestartCount"] = found.state.restarts;
  json["HostConfig"] = HostConfigJson(found);
  json["GraphDriver"] = {{"Name", "overlay"},
                         {"Data",
                          {{"LowerDir", absl::StrJoin(image.layers, ":")},
                           {"UpperDir", absl::StrCat(folder, "/upper")},
                           {"WorkDir", absl::StrCat(folder, "/work")}}}};
  if (details.size) {
    json["SizeRw"] = details.size->own;
    json["SizeRootFs"] = details.size->all;
  }
  json["Mounts"] = MountsJson(roots, found);
  json["Config"] = ConfigJson(found);
  json["NetworkSettings"] = NetworkJson(found, details.endpoint);
  json["Spec"] = Parsed(ToJson(found.record.spec));
  json["Plan"] = details.plan.ok() ? Parsed(ToJson(*details.plan)) : Json();
  if (!details.plan.ok()) json["PlanProblem"] = std::string(details.plan.status().message());
  return json;
}

absl::StatusOr<Json> FindByPath(const Json& document, absl::string_view path) {
  const Json* at = &document;
  absl::string_view rest = path;
  while (!rest.empty()) {
    if (at->is_array()) {
      const absl::string_view word = rest.substr(0, rest.find('.'));
      size_t index = 0;
      if (!absl::SimpleAtoi(word, &index) || index >= at->size()) {
        return absl::NotFoundError(absl::StrCat("'", path, "': there are ", at->size(),
                                                " in the list, from 0; not '", word, "'"));
      }
      at = &(*at)[index];
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      continue;
    }
    // The longest name that the rest begins with: names may hold dots.
    const Json* next = nullptr;
    size_t length = 0;
    std::vector<std::string> names;
    if (at->is_object()) {
      for (const auto& [name, value] : at->items()) {
        names.push_back(name);
        const bool fits = absl::StartsWith(rest, name) &&
                          (rest.size() == name.size() || rest[name.size()] == '.');
        if (!fits || (next != nullptr && name.size() < length)) continue;
        next = &value;
        length = name.size();
      }
    }
    if (next == nullptr) {
      const absl::string_view word = rest.substr(0, rest.find('.'));
      const std::string near = Suggest(word, names);
      return absl::NotFoundError(
          absl::StrCat("'", path, "': there is no '", word, "'",
                       !near.empty()   ? absl::StrCat("; did you mean '", near, "'?")
                       : names.empty() ? ""
                                       : absl::StrCat("; there are ", absl::StrJoin(names, ", "))));
    }
    at = next;
    rest.remove_prefix(std::min(rest.size(), length + 1));
  }
  return *at;
}

}  // namespace pelagos::cli
