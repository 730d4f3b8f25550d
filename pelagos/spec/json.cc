#include "pelagos/spec/json.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pelagos/abi/capability.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/spec/json_cgroup.h"
#include "pelagos/spec/json_lifecycle.h"
#include "pelagos/spec/json_mounts.h"
#include "pelagos/spec/json_node.h"
#include "pelagos/spec/json_rights.h"
#include "pelagos/spec/json_value.h"
#include "pelagos/spec/seccomp_json.h"

namespace pelagos {
namespace {

using internal::Json;
using internal::Mistake;
using internal::Node;

// Writing. Objects of nlohmann::json are sorted by key, which makes the text stable.

std::string Text(absl::string_view text) { return std::string(text); }

Json Write(const Mount& mount) { return internal::WriteMount(mount); }

Json Write(const PortMapping& port) {
  Json json = {{"hostAddress", port.host_address},
               {"host", port.host},
               {"inside", port.inside},
               {"protocol", Text(NameOf(port.protocol))}};
  if (port.host_last != 0) json["hostLast"] = port.host_last;
  return json;
}

Json Write(const Attachment& attachment) {
  Json json = {{"network", attachment.network}, {"aliases", attachment.aliases}};
  if (!attachment.address.empty()) json["address"] = attachment.address;
  if (!attachment.address6.empty()) json["address6"] = attachment.address6;
  if (!attachment.mac.empty()) json["mac"] = attachment.mac;
  return json;
}

Json Write(const EnvVariable& variable);
Json Write(const Dependency& dependency);
Json Write(const ServiceSpec& service);
Json Write(const NetworkSpec& network);
Json Write(const VolumeSpec& volume);

template <typename T>
Json WriteAll(const std::vector<T>& items) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(Write(item));
  return list;
}

Json Write(const EnvVariable& variable) {
  return {{"key", variable.key}, {"value", variable.value}};
}

Json Write(const NetPlan& net) {
  Json json = {{"mode", Text(NameOf(net.mode))},
               {"attachments", WriteAll(net.attachments)},
               {"ports", WriteAll(net.ports)}};
  if (net.publish_exposed) json["publishExposed"] = true;
  if (!net.dns.servers.empty()) json["dnsServers"] = net.dns.servers;
  if (!net.dns.searches.empty()) json["dnsSearches"] = net.dns.searches;
  if (!net.dns.options.empty()) json["dnsOptions"] = net.dns.options;
  return json;
}

Json Write(NamespaceSet set) {
  Json list = Json::array();
  for (const NamespaceRow& row : kNamespaces) {
    if (set.contains(row.value)) list.push_back(Text(row.name));
  }
  return list;
}

Json Write(CapabilitySet set) {
  Json list = Json::array();
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    if (set.contains(static_cast<Capability>(i))) list.push_back(Text(kCapabilityNames[i]));
  }
  return list;
}

Json Write(const SeccompPolicy& policy) {
  return policy.filter ? Json::parse(ToJson(*policy.filter)) : Json(Text(NameOf(policy.profile)));
}

Json Write(const ContainerSpec& spec) {
  Json json = {{"name", spec.name},
               {"hostname", spec.hostname},
               {"image", spec.image},
               {"rootfs", spec.rootfs},
               {"command", spec.command},
               {"env", WriteAll(spec.env)},
               {"workdir", spec.workdir},
               {"user", spec.user},
               {"mounts", WriteAll(spec.mounts.mounts())},
               {"net", Write(spec.net)},
               {"cgroup", internal::WriteCgroup(spec.cgroup)},
               {"namespaces", Write(spec.namespaces)},
               {"capabilities", Write(spec.capabilities)},
               {"seccomp", Write(spec.seccomp)},
               {"noNewPrivileges", spec.no_new_privileges},
               {"readOnly", spec.read_only},
               {"stopGraceSeconds", spec.stop_grace_seconds}};
  if (spec.shm_bytes != kDefaultShmBytes) json["shmBytes"] = spec.shm_bytes;
  if (!spec.mask_paths) json["maskPaths"] = false;
  if (!spec.masked_paths.empty()) json["maskedPaths"] = spec.masked_paths;
  if (!spec.devices.empty()) json["devices"] = internal::WriteDevices(spec.devices);
  internal::WriteRights(spec, json);
  internal::WriteLifecycle(spec, json);
  return json;
}

Json Write(const Dependency& dependency) {
  Json json = {{"service", dependency.service}};
  if (dependency.port) json["port"] = *dependency.port;
  return json;
}

Json Write(const ServiceSpec& service) {
  return {{"name", service.name},
          {"container", Write(service.container)},
          {"networks", service.networks},
          {"dependsOn", WriteAll(service.depends_on)}};
}

Json Write(const NetworkSpec& network) {
  return {{"name", network.name}, {"subnet", network.subnet}};
}

Json Write(const VolumeSpec& volume) { return {{"name", volume.name}}; }

Json Write(const ComposeSpec& spec) {
  return {{"services", WriteAll(spec.services)},
          {"networks", WriteAll(spec.networks)},
          {"volumes", WriteAll(spec.volumes)}};
}

// JSON is UTF-8, and so is every reml source. Other bytes (of a host's environment) are replaced.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Reading.

constexpr uint64_t kMostInt = std::numeric_limits<int>::max();
constexpr uint64_t kMostPort = std::numeric_limits<uint16_t>::max();
constexpr uint64_t kAny = std::numeric_limits<uint64_t>::max();

PortMapping ReadPort(const Node& node) {
  PortMapping port = {node.String("hostAddress"),
                      static_cast<uint16_t>(node.Number("host", kMostPort)),
                      static_cast<uint16_t>(node.Number("inside", kMostPort)),
                      node.Named("protocol", FindProtocol)};
  if (node.Has("hostLast")) {
    port.host_last = static_cast<uint16_t>(node.Number("hostLast", kMostPort));
  }
  return port;
}

Attachment ReadAttachment(const Node& node) {
  Attachment attachment = {node.String("network"), node.Strings("aliases")};
  if (node.Has("address")) attachment.address = node.String("address");
  if (node.Has("address6")) attachment.address6 = node.String("address6");
  if (node.Has("mac")) attachment.mac = node.String("mac");
  return attachment;
}

EnvVariable ReadEnv(const Node& node) { return {node.String("key"), node.String("value")}; }

NetPlan ReadNet(const Node& node) {
  NetPlan net = {node.Named("mode", FindNetMode), node.All("attachments", ReadAttachment),
                 node.All("ports", ReadPort)};
  if (node.Has("publishExposed")) net.publish_exposed = node.Bool("publishExposed");
  if (node.Has("dnsServers")) net.dns.servers = node.Strings("dnsServers");
  if (node.Has("dnsSearches")) net.dns.searches = node.Strings("dnsSearches");
  if (node.Has("dnsOptions")) net.dns.options = node.Strings("dnsOptions");
  return net;
}

// A name, or a profile.
SeccompPolicy ReadSeccomp(const Node& node, const char* key) {
  const std::optional<std::string> text = node.ObjectText(key);
  if (!text) return {node.Named(key, FindSeccompProfile)};
  absl::StatusOr<SeccompFile> file = ParseSeccomp(*text);
  if (!file.ok()) throw Mistake{absl::StrCat(key, ": ", file.status().message())};
  return CustomSeccomp(std::move(file->filter));
}

ContainerSpec ReadContainer(const Node& node) {
  ContainerSpec spec;
  spec.name = node.String("name");
  spec.hostname = node.String("hostname");
  spec.image = node.String("image");
  spec.rootfs = node.String("rootfs");
  spec.command = node.Strings("command");
  spec.env = node.All("env", ReadEnv);
  spec.workdir = node.String("workdir");
  spec.user = node.String("user");
  for (Mount& mount : node.All("mounts", internal::ReadMount)) {
    spec.mounts.push_back(std::move(mount));
  }
  if (node.Has("shmBytes")) spec.shm_bytes = node.Number("shmBytes", kAny);
  if (node.Has("devices")) spec.devices = node.All("devices", internal::ReadDevice);
  if (node.Has("maskPaths")) spec.mask_paths = node.Bool("maskPaths");
  if (node.Has("maskedPaths")) spec.masked_paths = node.Strings("maskedPaths");
  spec.net = ReadNet(node.Object("net"));
  spec.cgroup = internal::ReadCgroup(node.Object("cgroup"));
  spec.namespaces = {};
  for (const std::string& name : node.Strings("namespaces")) {
    spec.namespaces.insert(node.Named("namespaces", name, FindNamespace));
  }
  spec.capabilities = {};
  for (const std::string& name : node.Strings("capabilities")) {
    spec.capabilities.insert(node.Named("capabilities", name, FindCapability));
  }
  spec.seccomp = ReadSeccomp(node, "seccomp");
  spec.no_new_privileges = node.Bool("noNewPrivileges");
  spec.read_only = node.Bool("readOnly");
  spec.stop_grace_seconds = static_cast<int>(node.Number("stopGraceSeconds", kMostInt));
  internal::ReadRights(node, spec);
  internal::ReadLifecycle(node, spec);
  return spec;
}

Dependency ReadDependency(const Node& node) {
  Dependency dependency;
  dependency.service = node.String("service");
  if (node.Has("port")) dependency.port = static_cast<uint16_t>(node.Number("port", kMostPort));
  return dependency;
}

ServiceSpec ReadService(const Node& node) {
  ServiceSpec service;
  service.name = node.String("name");
  service.container = ReadContainer(node.Object("container"));
  service.networks = node.Strings("networks");
  service.depends_on = node.All("dependsOn", ReadDependency);
  return service;
}

NetworkSpec ReadNetwork(const Node& node) {
  return {node.String("name"), node.String("subnet"), Span{}};
}

VolumeSpec ReadVolume(const Node& node) { return {node.String("name"), Span{}}; }

ComposeSpec ReadCompose(const Node& node) {
  return {node.All("services", ReadService), node.All("networks", ReadNetwork),
          node.All("volumes", ReadVolume)};
}

}  // namespace

Json ToJsonValue(const ContainerSpec& spec) { return Write(spec); }

absl::StatusOr<ContainerSpec> ContainerSpecFromValue(const Json& json) {
  return internal::ReadValue(json, ReadContainer);
}

std::string ToJson(const ContainerSpec& spec) { return Dump(Write(spec)); }
std::string ToJson(const ComposeSpec& spec) { return Dump(Write(spec)); }

absl::StatusOr<ContainerSpec> ContainerSpecFromJson(absl::string_view text) {
  return internal::ReadText(text, ReadContainer);
}

absl::StatusOr<ComposeSpec> ComposeSpecFromJson(absl::string_view text) {
  return internal::ReadText(text, ReadCompose);
}

}  // namespace pelagos
