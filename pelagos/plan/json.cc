#include "pelagos/plan/json.h"

#include <nlohmann/json.hpp>

#include "pelagos/abi/mount_attribute.h"
#include "pelagos/abi/mount_flag.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/abi/signal.h"

namespace pelagos {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> Names(CapabilitySet set) {
  std::vector<std::string> names;
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    const Capability cap = static_cast<Capability>(i);
    if (set.contains(cap)) names.emplace_back(NameOf(cap));
  }
  return names;
}

Json IdsOf(const std::vector<IdMapping>& ids) {
  Json list = Json::array();
  for (const IdMapping& id : ids) {
    list.push_back({{"files", id.files}, {"shown", id.shown}, {"count", id.count}});
  }
  return list;
}

Json AttributesToJson(const MountAttributes& attributes) {
  return {{"set", MountAttributeNames(attributes.set)},
          {"clear", MountAttributeNames(attributes.clear)},
          {"setBelow", MountAttributeNames(attributes.set_below)},
          {"clearBelow", MountAttributeNames(attributes.clear_below)},
          {"propagation", attributes.propagation}};
}

Json RangesOf(const IdMapRanges& ranges) {
  Json list = Json::array();
  for (const IdMapRange& range : ranges) {
    list.push_back({{"inside", range.inside}, {"host", range.host}, {"count", range.count}});
  }
  return list;
}

struct OpToJson {
  Json operator()(const MakeMountsPrivate&) const { return {{"op", "makeMountsPrivate"}}; }
  Json operator()(const MountOverlayRoot& op) const {
    Json json = {{"op", "mountOverlayRoot"},
                 {"lowers", op.lowers},
                 {"upper", op.upper},
                 {"work", op.work},
                 {"mountPoint", op.mount_point}};
    if (!op.label.empty()) json["label"] = op.label;
    if (op.user_xattrs) json["userXattrs"] = true;
    if (!op.ids.empty()) json["ids"] = {{"uids", IdsOf(op.ids.uids)}, {"gids", IdsOf(op.ids.gids)}};
    return json;
  }
  Json operator()(const MountBindRoot& op) const {
    return {{"op", "mountBindRoot"}, {"source", op.source}, {"mountPoint", op.mount_point}};
  }
  Json operator()(const MountFilesystem& op) const {
    Json json = {{"op", "mountFilesystem"},
                 {"type", op.type},
                 {"source", op.source},
                 {"target", op.target},
                 {"flags", MountFlagNames(op.flags)},
                 {"data", op.data}};
    if (op.copy_up) json["copyUp"] = true;
    if (op.keep_mode) json["keepMode"] = true;
    if (!op.ids.empty()) json["ids"] = {{"uids", IdsOf(op.ids.uids)}, {"gids", IdsOf(op.ids.gids)}};
    return json;
  }
  Json operator()(const BindMount& op) const {
    Json json = {{"op", "bindMount"},
                 {"source", op.source},
                 {"target", op.target},
                 {"readOnly", op.read_only}};
    if (!op.recursive) json["recursive"] = false;
    if (!op.read_only_below) json["readOnlyBelow"] = false;
    if (op.flags != 0) json["flags"] = MountFlagNames(op.flags);
    if (op.propagation != Propagation::kPrivate) {
      json["propagation"] = std::string(NameOf(op.propagation));
    }
    if (!op.subpath.empty()) json["subpath"] = op.subpath;
    if (!op.ids.empty()) json["ids"] = {{"uids", IdsOf(op.ids.uids)}, {"gids", IdsOf(op.ids.gids)}};
    if (op.make_source) json["makeSource"] = true;
    if (op.ids_below) json["idsBelow"] = true;
    if (op.attributes) json["attributes"] = AttributesToJson(*op.attributes);
    if (op.is_file) json["file"] = true;
    return json;
  }
  Json operator()(const MakeDevice& op) const {
    Json json = {{"op", "makeDevice"},
                 {"target", op.target},
                 {"major", op.major},
                 {"minor", op.minor},
                 {"mode", op.mode}};
    if (op.block) json["block"] = true;
    if (op.uid != 0 || op.gid != 0) json["owner"] = {op.uid, op.gid};
    if (!op.source.empty()) json["source"] = op.source;
    if (op.bound) json["bound"] = true;
    if (op.fifo) json["fifo"] = true;
    if (op.keep) json["keep"] = true;
    return json;
  }
  Json operator()(const MakeHostDevices& op) const {
    Json json = {{"op", "makeHostDevices"}, {"nodes", Json::array()}};
    for (const HostDevice& node : op.nodes) {
      json["nodes"].push_back({{"target", absl::StrCat("/dev", node.below)},
                               {"block", node.block},
                               {"major", node.major},
                               {"minor", node.minor},
                               {"mode", node.mode},
                               {"owner", {node.uid, node.gid}}});
    }
    return json;
  }
  Json operator()(const BecomeRoot& op) const {
    Json json = {{"op", "becomeRoot"}};
    if (op.uid != 0 || op.gid != 0) json["ids"] = {op.uid, op.gid};
    return json;
  }
  Json operator()(const MakeFolder& op) const {
    return {{"op", "makeFolder"}, {"target", op.target}, {"mode", op.mode}};
  }
  Json operator()(const MakeSymlink& op) const {
    Json json = {{"op", "makeSymlink"}, {"text", op.text}, {"target", op.target}};
    if (op.keep) json["keep"] = true;
    return json;
  }
  Json operator()(const MaskPath& op) const { return {{"op", "maskPath"}, {"target", op.target}}; }
  Json operator()(const MakeReadOnly& op) const {
    return {{"op", "makeReadOnly"}, {"target", op.target}};
  }
  Json operator()(const PivotRoot& op) const {
    Json json = {{"op", "pivotRoot"}};
    if (op.move) json["move"] = true;
    if (op.enter) json["enter"] = true;
    return json;
  }
  Json operator()(const SealRoot&) const { return {{"op", "sealRoot"}}; }
  Json operator()(const LoopbackUp&) const { return {{"op", "loopbackUp"}}; }
  Json operator()(const SetHostname& op) const {
    return {{"op", "setHostname"}, {"name", op.name}};
  }
  Json operator()(const AwaitStart&) const { return {{"op", "awaitStart"}}; }
  Json operator()(const SetUser& op) const {
    return {{"op", "setUser"}, {"uid", op.uid}, {"gid", op.gid}, {"groups", op.groups}};
  }
  Json operator()(const LimitCapabilities& op) const {
    Json json = {{"op", "limitCapabilities"}, {"keep", Names(op.keep)}};
    if (op.process) {
      json["permitted"] = Names(op.process->permitted);
      json["effective"] = Names(op.process->effective);
      json["inheritable"] = Names(op.process->inheritable);
      json["ambient"] = Names(op.process->ambient);
    }
    return json;
  }
  Json operator()(const SetNoNewPrivileges&) const { return {{"op", "setNoNewPrivileges"}}; }
  Json operator()(const InstallSeccomp& op) const {
    Json json = {{"op", "installSeccomp"}, {"profile", std::string(NameOf(op.profile))}};
    if (op.profile != SeccompProfile::kCustom) return json;
    json["digest"] = op.digest;
    json["rules"] = op.rules;
    json["instructions"] = op.program.size();
    json["flags"] = Json::array();
    for (const SeccompFlagRow& row : kSeccompFlags) {
      if ((op.flags & row.flag) != 0) json["flags"].push_back(std::string(row.name));
    }
    json["listenerPath"] = op.listener_path;
    json["listenerMetadata"] = op.listener_metadata;
    return json;
  }
  Json operator()(const ChangeFolder& op) const {
    Json json = {{"op", "changeFolder"}, {"target", op.target}};
    if (!op.make) json["make"] = false;
    return json;
  }
  Json operator()(const Exec& op) const {
    Json json = {{"op", "exec"}, {"argv", op.argv}, {"env", op.env}};
    if (!op.path.empty()) json["path"] = op.path;
    return json;
  }
  Json operator()(const SetDomainname& op) const {
    return {{"op", "setDomainname"}, {"name", op.name}};
  }
  Json operator()(const SetOomScoreAdj& op) const {
    return {{"op", "setOomScoreAdj"}, {"value", op.value}};
  }
  Json operator()(const SetExecLabel& op) const {
    return {{"op", "setExecLabel"},
            {"kind", op.kind == LabelKind::kAppArmor ? "apparmor" : "selinux"},
            {"label", op.label}};
  }
  Json operator()(const WriteSysctl& op) const {
    return {{"op", "writeSysctl"}, {"name", op.name}, {"value", op.value}};
  }
  Json operator()(const SetRlimit& op) const {
    return {{"op", "setRlimit"},
            {"limit", std::string(NameOf(op.limit))},
            {"soft", RlimitValueText(op.pair.soft)},
            {"hard", RlimitValueText(op.pair.hard)}};
  }
  Json operator()(const RestrictPaths& op) const {
    Json rules = Json::array();
    for (const LandlockRule& rule : op.rules) {
      rules.push_back({{"path", rule.path}, {"access", std::string(NameOf(rule.access))}});
    }
    return {{"op", "restrictPaths"}, {"handled", op.handled}, {"rules", rules}};
  }
  Json operator()(const OpenTerminal& op) const {
    Json json = {{"op", "openTerminal"}, {"uid", op.uid}};
    if (!op.console) json["console"] = false;
    return json;
  }
  Json operator()(const ChangeMount& op) const {
    return {{"op", "changeMount"},
            {"target", op.target},
            {"attributes", AttributesToJson(op.attributes)}};
  }
  Json operator()(const AwaitHooks& op) const {
    Json json = {{"op", "awaitHooks"}};
    if (!op.links.empty()) json["links"] = op.links;
    return json;
  }
  Json operator()(const AwaitExec&) const { return {{"op", "awaitExec"}}; }
  Json operator()(const EnterRoot& op) const {
    Json json = {{"op", "enterRoot"}};
    if (!op.path.empty()) json["path"] = op.path;
    if (op.if_other_mount) json["ifOtherMount"] = true;
    return json;
  }
  Json operator()(const SetScheduler& op) const {
    return {{"op", "setScheduler"},           {"policy", op.traits.policy},
            {"flags", op.traits.flags},       {"nice", op.traits.nice},
            {"priority", op.traits.priority}, {"runtime", op.traits.runtime},
            {"deadline", op.traits.deadline}, {"period", op.traits.period}};
  }
  Json operator()(const SetIoPriority& op) const {
    return {{"op", "setIoPriority"}, {"class", op.traits.io_class}, {"level", op.traits.level}};
  }
  Json operator()(const SetMemoryPolicy& op) const {
    return {{"op", "setMemoryPolicy"},
            {"mode", op.traits.mode},
            {"nodes", IdListText(op.traits.nodes)}};
  }
  Json operator()(const SetCpuAffinity& op) const {
    return {{"op", "setCpuAffinity"}, {"cpus", IdListText(op.cpus)}};
  }
  Json operator()(const JoinKeyring& op) const {
    return {{"op", "joinKeyring"}, {"name", op.name}};
  }
  Json operator()(const SetPersonality& op) const {
    return {{"op", "setPersonality"}, {"persona", op.persona}};
  }
  Json operator()(const SetUmask& op) const { return {{"op", "setUmask"}, {"mode", op.mode}}; }
};

Json WritesToJson(const std::vector<CgroupWrite>& writes) {
  Json list = Json::array();
  for (const CgroupWrite& write : writes) {
    Json item = {{"file", write.file}, {"value", write.value}};
    if (!write.other_file.empty()) {
      item["otherFile"] = write.other_file;
      item["otherValue"] = write.other_value;
    }
    list.push_back(std::move(item));
  }
  return list;
}

Json DevicesToJson(const std::vector<DeviceRule>& rules) {
  Json list = Json::array();
  for (const DeviceRule& rule : rules) list.push_back(Describe(rule));
  return list;
}

Json NetToJson(const NetPlan& net) {
  Json attachments = Json::array();
  for (const Attachment& attachment : net.attachments) {
    Json json = {{"network", attachment.network}, {"aliases", attachment.aliases}};
    if (!attachment.address.empty()) json["address"] = attachment.address;
    if (!attachment.address6.empty()) json["address6"] = attachment.address6;
    if (!attachment.mac.empty()) json["mac"] = attachment.mac;
    attachments.push_back(std::move(json));
  }
  Json ports = Json::array();
  for (const PortMapping& port : net.ports) {
    Json json = {{"hostAddress", port.host_address},
                 {"host", port.host},
                 {"inside", port.inside},
                 {"protocol", std::string(NameOf(port.protocol))},
                 {"exposure", std::string(NameOf(ExposureOf(port.host_address)))}};
    if (port.host_last != 0) json["hostLast"] = port.host_last;
    ports.push_back(std::move(json));
  }
  Json json = {
      {"mode", std::string(NameOf(net.mode))}, {"attachments", attachments}, {"ports", ports}};
  if (!net.dns.empty()) {
    json["dns"] = {
        {"servers", net.dns.servers}, {"searches", net.dns.searches}, {"options", net.dns.options}};
  }
  return json;
}

Json PlanToJson(const LaunchPlan& plan) {
  Json namespaces = Json::array();
  for (const NamespaceRow& row : kNamespaces) {
    if (plan.namespaces.contains(row.value)) namespaces.push_back(std::string(row.name));
  }
  Json ops = Json::array();
  for (const Op& op : plan.ops) ops.push_back(std::visit(OpToJson(), op));
  Json json = {{"id", plan.id},
               {"namespaces", namespaces},
               {"cgroup",
                {{"v2", plan.cgroup.v2},
                 {"v1", plan.cgroup.v1},
                 {"parents", plan.cgroup.parents},
                 {"devices", DevicesToJson(plan.cgroup.devices)},
                 {"enable", WritesToJson(plan.cgroup.enable)},
                 {"limits", WritesToJson(plan.cgroup.limits)}}},
               {"net", NetToJson(plan.net)},
               {"folders", plan.folders},
               {"ops", ops},
               {"stopSignal", SignalName(plan.stop_signal)},
               {"stopGraceSeconds", plan.stop_grace_seconds}};
  for (const ExtraHost& host : plan.extra_hosts) {
    json["extraHosts"].push_back({{"name", host.name}, {"address", host.address}});
  }
  if (!plan.cgroup.placed_by.empty()) json["cgroup"]["placedBy"] = plan.cgroup.placed_by;
  for (const NamespaceJoin& join : plan.joins) {
    Json item = {{"kind", std::string(RowOf(join.kind).name)}, {"path", join.path}};
    if (!join.container.empty()) item["container"] = join.container;
    json["joins"].push_back(std::move(item));
  }
  if (!plan.ids.empty()) {
    json["ids"] = {{"uids", RangesOf(plan.ids.uids)}, {"gids", RangesOf(plan.ids.gids)}};
  }
  for (const auto& [clock, offset] :
       {std::pair("monotonic", plan.time.monotonic), std::pair("boottime", plan.time.boottime)}) {
    if (!offset) continue;
    json["timeOffsets"][clock] = {{"secs", offset->seconds}, {"nanosecs", offset->nanoseconds}};
  }
  for (const PlanNote& note : plan.notes) json["notes"].push_back(note.text);
  return json;
}

// What is no UTF-8 (an environment value) is shown replaced, never thrown over.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string ToJson(const LaunchPlan& plan) { return Dump(PlanToJson(plan)); }

std::string ToJson(const ComposePlan& plan) {
  Json networks = Json::array();
  for (const NetworkPlan& network : plan.networks) {
    networks.push_back({{"name", network.name}, {"subnet", network.subnet}});
  }
  Json services = Json::array();
  for (const ServicePlan& service : plan.services) {
    Json after = Json::array();
    for (const Dependency& dependency : service.depends_on) {
      Json row = {{"service", dependency.service}};
      if (dependency.port) row["port"] = *dependency.port;
      after.push_back(row);
    }
    services.push_back({{"name", service.name},
                        {"image", service.image},
                        {"dependsOn", after},
                        {"launch", PlanToJson(service.launch)}});
  }
  return Dump({{"project", plan.project},
               {"networks", networks},
               {"volumes", plan.volumes},
               {"services", services}});
}

}  // namespace pelagos
