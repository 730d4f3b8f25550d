#include "pelagos/spec/json_rights.h"

#include "pelagos/abi/capability.h"
#include "pelagos/abi/namespace.h"
#include "pelagos/abi/rlimit.h"
#include "pelagos/policy/oom_score.h"

namespace pelagos::internal {
namespace {

constexpr uint64_t kMostUmask = 0777;

Json Names(CapabilitySet set) {
  Json list = Json::array();
  for (size_t i = 0; i < kCapabilityNames.size(); ++i) {
    if (set.contains(static_cast<Capability>(i))) list.push_back(std::string(kCapabilityNames[i]));
  }
  return list;
}

CapabilitySet ReadNames(const Node& node, const char* key) {
  CapabilitySet set;
  for (const std::string& name : node.Strings(key)) {
    set.insert(node.Named(key, name, FindCapability));
  }
  return set;
}

Json WriteRlimits(const Rlimits& limits) {
  Json list = Json::array();
  for (const auto& [limit, pair] : limits.pairs()) {
    list.push_back(
        {{"name", std::string(NameOf(limit))}, {"soft", pair.soft}, {"hard", pair.hard}});
  }
  return list;
}

std::pair<Rlimit, RlimitPair> ReadRlimit(const Node& node) {
  return {node.Named("name", FindRlimit),
          {node.Number("soft", kRlimitUnlimited), node.Number("hard", kRlimitUnlimited)}};
}

LandlockRule ReadLandlockRule(const Node& node) {
  return {node.String("path"), node.Named("access", FindLandlockAccess)};
}

Json WriteRanges(const IdMapRanges& ranges) {
  Json list = Json::array();
  for (const IdMapRange& range : ranges) {
    list.push_back({{"inside", range.inside}, {"host", range.host}, {"count", range.count}});
  }
  return list;
}

IdMapRange ReadRange(const Node& node) {
  const auto number = [&node](const char* key) {
    return static_cast<uint32_t>(node.Number(key, kNoId));
  };
  return {number("inside"), number("host"), number("count")};
}

Json WriteOffset(const TimeOffset& offset) {
  return {{"secs", offset.seconds}, {"nanosecs", offset.nanoseconds}};
}

TimeOffset ReadOffset(const Node& node) {
  return {node.Signed("secs", -kMostOffsetSeconds, kMostOffsetSeconds),
          static_cast<uint32_t>(node.Number("nanosecs", kNanosecondsOfSecond - 1))};
}

NamespaceJoin ReadJoin(const Node& node) {
  return {node.Named("kind", FindNamespace), node.String("path"),
          node.Has("container") ? node.String("container") : ""};
}

}  // namespace

void WriteRights(const ContainerSpec& spec, Json& json) {
  if (spec.init) json["init"] = true;
  if (spec.terminal) json["terminal"] = true;
  for (const NamespaceJoin& join : spec.joins) {
    json["joins"].push_back({{"kind", std::string(RowOf(join.kind).name)},
                             {"path", join.path},
                             {"container", join.container}});
  }
  if (!spec.ids.empty()) {
    json["ids"] = {{"uids", WriteRanges(spec.ids.uids)}, {"gids", WriteRanges(spec.ids.gids)}};
  }
  if (spec.time.monotonic) json["timeOffsets"]["monotonic"] = WriteOffset(*spec.time.monotonic);
  if (spec.time.boottime) json["timeOffsets"]["boottime"] = WriteOffset(*spec.time.boottime);
  if (!spec.groups.empty()) json["groups"] = spec.groups;
  if (!spec.domainname.empty()) json["domainname"] = spec.domainname;
  if (spec.umask != kDefaultUmask) json["umask"] = spec.umask;
  if (spec.process_capabilities) {
    json["processCapabilities"] = {{"permitted", Names(spec.process_capabilities->permitted)},
                                   {"effective", Names(spec.process_capabilities->effective)},
                                   {"inheritable", Names(spec.process_capabilities->inheritable)},
                                   {"ambient", Names(spec.process_capabilities->ambient)}};
  }
  if (!spec.named_capabilities.empty()) {
    json["namedCapabilities"] = Names(spec.named_capabilities);
  }
  if (spec.ambient_capabilities) json["ambientCapabilities"] = true;
  if (spec.privileged) json["privileged"] = true;
  if (!spec.rlimits.empty()) json["rlimits"] = WriteRlimits(spec.rlimits);
  if (spec.oom_score_adj) json["oomScoreAdj"] = *spec.oom_score_adj;
  if (!spec.sysctls.empty()) json["sysctls"] = spec.sysctls;
  if (!spec.labels.empty()) {
    json["labels"] = {{"apparmor", spec.labels.apparmor},
                      {"selinux", spec.labels.selinux},
                      {"selinuxMount", spec.labels.selinux_mount}};
  }
  for (const LandlockRule& rule : spec.landlock) {
    json["landlock"].push_back({{"path", rule.path}, {"access", std::string(NameOf(rule.access))}});
  }
}

void ReadRights(const Node& node, ContainerSpec& spec) {
  if (node.Has("init")) spec.init = node.Bool("init");
  if (node.Has("terminal")) spec.terminal = node.Bool("terminal");
  if (node.Has("joins")) spec.joins = node.All("joins", ReadJoin);
  if (node.Has("ids")) {
    const Node ids = node.Object("ids");
    spec.ids = {ids.All("uids", ReadRange), ids.All("gids", ReadRange)};
  }
  if (node.Has("timeOffsets")) {
    const Node time = node.Object("timeOffsets");
    if (time.Has("monotonic")) spec.time.monotonic = ReadOffset(time.Object("monotonic"));
    if (time.Has("boottime")) spec.time.boottime = ReadOffset(time.Object("boottime"));
  }
  if (node.Has("groups")) spec.groups = node.Strings("groups");
  if (node.Has("domainname")) spec.domainname = node.String("domainname");
  if (node.Has("umask")) spec.umask = static_cast<uint32_t>(node.Number("umask", kMostUmask));
  if (node.Has("processCapabilities")) {
    const Node sets = node.Object("processCapabilities");
    spec.process_capabilities = {ReadNames(sets, "permitted"), ReadNames(sets, "effective"),
                                 ReadNames(sets, "inheritable"), ReadNames(sets, "ambient")};
  }
  if (node.Has("namedCapabilities")) {
    spec.named_capabilities = ReadNames(node, "namedCapabilities");
  }
  if (node.Has("ambientCapabilities")) {
    spec.ambient_capabilities = node.Bool("ambientCapabilities");
  }
  if (node.Has("privileged")) spec.privileged = node.Bool("privileged");
  if (node.Has("rlimits")) {
    for (const auto& [limit, pair] : node.All("rlimits", ReadRlimit)) spec.rlimits.Set(limit, pair);
  }
  if (node.Has("oomScoreAdj")) {
    spec.oom_score_adj =
        static_cast<int>(node.Signed("oomScoreAdj", kLeastOomScoreAdj, kMostOomScoreAdj));
  }
  if (node.Has("sysctls")) {
    const Node sysctls = node.Object("sysctls");
    for (const std::string& name : sysctls.Keys()) {
      spec.sysctls[name] = sysctls.String(name.c_str());
    }
  }
  if (node.Has("labels")) {
    const Node labels = node.Object("labels");
    spec.labels = {labels.String("apparmor"), labels.String("selinux"),
                   labels.String("selinuxMount")};
  }
  if (node.Has("landlock")) spec.landlock = node.All("landlock", ReadLandlockRule);
}

}  // namespace pelagos::internal
