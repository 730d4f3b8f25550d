#include "pelagos/spec/json_mounts.h"

namespace pelagos::internal {
namespace {

constexpr uint64_t kMostId = 0xffffffff;
constexpr uint64_t kMostMode = 07777;
constexpr uint64_t kAny = ~uint64_t{0};

std::optional<MountKind> FindMountKind(absl::string_view name) {
  for (MountKind kind : {MountKind::kBind, MountKind::kVolume, MountKind::kTmpfs}) {
    if (NameOf(kind) == name) return kind;
  }
  return std::nullopt;
}

Json WriteIds(const std::vector<IdMapping>& ids) {
  Json list = Json::array();
  for (const IdMapping& id : ids) {
    list.push_back({{"files", id.files}, {"shown", id.shown}, {"count", id.count}});
  }
  return list;
}

uint32_t ReadId(const Node& node, const char* key) {
  return static_cast<uint32_t>(node.Number(key, kMostId));
}

IdMapping ReadIdMapping(const Node& node) {
  return {ReadId(node, "files"), ReadId(node, "shown"), ReadId(node, "count")};
}

struct SwitchRow {
  const char* key;
  std::optional<bool> MountOptions::*option;
};
constexpr SwitchRow kSwitches[] = {{"nosuid", &MountOptions::nosuid},
                                   {"nodev", &MountOptions::nodev},
                                   {"noexec", &MountOptions::noexec}};

Json WriteOptions(const MountOptions& options) {
  Json json = Json::object();
  const MountOptions standard;
  if (options.propagation != standard.propagation) {
    json["propagation"] = std::string(NameOf(options.propagation));
  }
  if (options.recursion != standard.recursion) {
    json["recursive"] = std::string(NameOf(options.recursion));
  }
  for (const SwitchRow& row : kSwitches) {
    if (options.*row.option) json[row.key] = *(options.*row.option);
  }
  if (!options.subpath.empty()) json["subpath"] = options.subpath;
  if (!options.ids.empty()) {
    json["ids"] = {{"uids", WriteIds(options.ids.uids)}, {"gids", WriteIds(options.ids.gids)}};
  }
  const TmpfsOptions& tmpfs = options.tmpfs;
  if (tmpfs.size_bytes != 0) json["sizeBytes"] = tmpfs.size_bytes;
  if (tmpfs.inodes != 0) json["inodes"] = tmpfs.inodes;
  if (tmpfs.mode) json["mode"] = *tmpfs.mode;
  if (tmpfs.uid) json["uid"] = *tmpfs.uid;
  if (tmpfs.gid) json["gid"] = *tmpfs.gid;
  if (options.make_source) json["makeSource"] = true;
  if (options.relabel) json["relabel"] = true;
  if (options.own) json["own"] = true;
  if (options.no_copy) json["noCopy"] = true;
  return json;
}

MountOptions ReadOptions(const Node& node) {
  MountOptions options;
  if (node.Has("propagation")) options.propagation = node.Named("propagation", FindPropagation);
  if (node.Has("recursive")) options.recursion = node.Named("recursive", FindBindRecursion);
  for (const SwitchRow& row : kSwitches) {
    if (node.Has(row.key)) options.*row.option = node.Bool(row.key);
  }
  if (node.Has("subpath")) options.subpath = node.String("subpath");
  if (node.Has("ids")) {
    const Node ids = node.Object("ids");
    options.ids = {ids.All("uids", ReadIdMapping), ids.All("gids", ReadIdMapping)};
  }
  TmpfsOptions& tmpfs = options.tmpfs;
  if (node.Has("sizeBytes")) tmpfs.size_bytes = node.Number("sizeBytes", kAny);
  if (node.Has("inodes")) tmpfs.inodes = node.Number("inodes", kAny);
  if (node.Has("mode")) tmpfs.mode = static_cast<uint32_t>(node.Number("mode", kMostMode));
  if (node.Has("uid")) tmpfs.uid = ReadId(node, "uid");
  if (node.Has("gid")) tmpfs.gid = ReadId(node, "gid");
  if (node.Has("makeSource")) options.make_source = node.Bool("makeSource");
  if (node.Has("relabel")) options.relabel = node.Bool("relabel");
  if (node.Has("own")) options.own = node.Bool("own");
  if (node.Has("noCopy")) options.no_copy = node.Bool("noCopy");
  return options;
}

}  // namespace

Json WriteMount(const Mount& mount) {
  Json json = {{"kind", std::string(NameOf(mount.kind))},
               {"source", mount.source},
               {"target", mount.target},
               {"readOnly", mount.read_only}};
  if (mount.options != MountOptions{}) json["options"] = WriteOptions(mount.options);
  return json;
}

Mount ReadMount(const Node& node) {
  Mount mount = {node.Named("kind", FindMountKind), node.String("source"), node.String("target"),
                 node.Bool("readOnly")};
  if (node.Has("options")) mount.options = ReadOptions(node.Object("options"));
  return mount;
}

Json WriteDevices(const std::vector<Device>& devices) {
  Json list = Json::array();
  for (const Device& device : devices) {
    Json json = {{"source", device.source}, {"target", device.target}, {"access", device.access}};
    if (device.mode) json["mode"] = *device.mode;
    if (device.uid) json["uid"] = *device.uid;
    if (device.gid) json["gid"] = *device.gid;
    list.push_back(std::move(json));
  }
  return list;
}

Device ReadDevice(const Node& node) {
  Device device = {node.String("source"), node.String("target"), node.String("access")};
  if (node.Has("mode")) device.mode = static_cast<uint32_t>(node.Number("mode", kMostMode));
  if (node.Has("uid")) device.uid = ReadId(node, "uid");
  if (node.Has("gid")) device.gid = ReadId(node, "gid");
  return device;
}

}  // namespace pelagos::internal
