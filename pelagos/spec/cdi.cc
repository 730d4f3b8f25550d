#include "pelagos/spec/cdi.h"

#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pelagos/spec/json_node.h"

namespace pelagos {
namespace {

using internal::Json;
using internal::Mistake;
using internal::Node;

constexpr absl::string_view kVersions[] = {"0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0"};
constexpr uint64_t kMostId = 0xfffffffe;
constexpr uint64_t kMostMode = 07777;

struct Edits {
  std::vector<EnvVariable> env;
  std::vector<Device> devices;
  std::vector<Mount> mounts;
  std::vector<std::string> groups;
};

struct Found {
  const CdiFile* file;
  Edits shared, own;  // of all devices of the file, and of this one
};

[[noreturn]] void Fail(absl::string_view what) { throw Mistake{std::string(what)}; }

Device ReadDevice(const Node& node) {
  Device device;
  device.target = node.String("path");
  device.source = node.Has("hostPath") ? node.String("hostPath") : device.target;
  if (node.Has("permissions")) device.access = node.String("permissions");
  if (!IsDeviceAccess(device.access)) Fail("permissions must be letters of rwm");
  const auto number = [&](const char* key, uint64_t most) -> std::optional<uint32_t> {
    if (!node.Has(key)) return std::nullopt;
    return static_cast<uint32_t>(node.Number(key, most));
  };
  device.mode = number("fileMode", kMostMode);
  device.uid = number("uid", kMostId);
  device.gid = number("gid", kMostId);
  return device;
}

Mount ReadMount(const Node& node) {
  Mount mount;
  mount.source = node.String("hostPath");
  mount.target = node.String("containerPath");
  if (node.Has("type") && node.String("type") != "bind" && !node.String("type").empty()) {
    Fail(absl::StrCat("mounts of type '", node.String("type"), "' are not known"));
  }
  if (!node.Has("options")) return mount;
  for (const std::string& option : node.Strings("options")) {
    if (const auto propagation = FindPropagation(option)) {
      mount.options.propagation = *propagation;
    } else if (option == "ro" || option == "rw") {
      mount.read_only = option == "ro";
    } else if (option == "bind") {
      mount.options.recursion = BindRecursion::kDisabled;
    } else if (option == "rbind") {
      mount.options.recursion = BindRecursion::kEnabled;
    } else if (option == "nosuid") {
      mount.options.nosuid = true;
    } else if (option == "nodev") {
      mount.options.nodev = true;
    } else if (option == "noexec") {
      mount.options.noexec = true;
    } else {
      Fail(absl::StrCat("the mount option '", option, "' is not known"));
    }
  }
  return mount;
}

Edits ReadEdits(const Node& parent) {
  Edits edits;
  if (!parent.Has("containerEdits")) return edits;
  const Node node = parent.Object("containerEdits");
  for (const std::string& key : node.Keys()) {
    if (key == "env") {
      for (const std::string& pair : node.Strings("env")) {
        const std::vector<std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
        if (parts.size() != 2) Fail(absl::StrCat("env '", pair, "' must be KEY=VALUE"));
        edits.env.push_back({parts[0], parts[1]});
      }
    } else if (key == "deviceNodes") {
      edits.devices = node.All("deviceNodes", ReadDevice);
    } else if (key == "mounts") {
      edits.mounts = node.All("mounts", ReadMount);
    } else if (key == "additionalGids") {
      const Json& gids = node.Raw("additionalGids");
      if (!gids.is_array()) Fail("additionalGids is no list");
      for (const Json& gid : gids) {
        if (!gid.is_number_unsigned() || gid.get<uint64_t>() > kMostId) {
          Fail("additionalGids holds what is no group id");
        }
        if (gid.get<uint64_t>() != 0) edits.groups.push_back(absl::StrCat(gid.get<uint64_t>()));
      }
    } else {
      Fail(absl::StrCat("containerEdits has '", key, "', which is not supported"));
    }
  }
  return edits;
}

void ReadFile(const CdiFile& file, std::map<std::string, Found>& all) {
  const Json json =
      Json::parse(file.text.begin(), file.text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) Fail("the text is no JSON");
  const Node node(json, "");
  const std::string version = node.String("cdiVersion");
  bool known = false;
  for (absl::string_view other : kVersions) known = known || other == version;
  if (!known) Fail(absl::StrCat("cdiVersion '", version, "' is not one of 0.3.0 to 0.8.0"));
  const std::string kind = node.String("kind");
  const Edits shared = ReadEdits(node);
  for (const Json& item : node.Raw("devices")) {
    const Node device(item, "/devices");
    const std::string name = absl::StrCat(kind, "=", device.String("name"));
    if (!IsCdiName(name)) Fail(absl::StrCat("'", name, "' is no VENDOR/CLASS=NAME"));
    const auto there = all.find(name);
    if (there != all.end()) {
      if (there->second.file->priority > file.priority) continue;
      if (there->second.file->priority == file.priority) {
        Fail(absl::StrCat("device '", name, "' is in '", there->second.file->path, "' too"));
      }
    }
    all.insert_or_assign(name, Found{&file, shared, ReadEdits(device)});
  }
}

void Apply(const Edits& edits, ContainerSpec& spec) {
  spec.env.insert(spec.env.end(), edits.env.begin(), edits.env.end());
  spec.devices.insert(spec.devices.end(), edits.devices.begin(), edits.devices.end());
  for (const Mount& mount : edits.mounts) spec.mounts.push_back(mount);
  spec.groups.insert(spec.groups.end(), edits.groups.begin(), edits.groups.end());
}

bool IsWord(absl::string_view text, absl::string_view others) {
  if (text.empty()) return false;
  for (char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && others.find(c) == absl::string_view::npos) return false;
  }
  return true;
}

}  // namespace

bool IsCdiName(absl::string_view text) {
  const size_t slash = text.find('/');
  const size_t equals = text.find('=');
  if (slash == absl::string_view::npos || equals == absl::string_view::npos || equals < slash) {
    return false;
  }
  return IsWord(text.substr(0, slash), "_-.") &&
         IsWord(text.substr(slash + 1, equals - slash - 1), "_-.") &&
         IsWord(text.substr(equals + 1), "_-.:");
}

absl::Status ApplyCdi(const std::vector<CdiFile>& files, const std::vector<std::string>& names,
                      ContainerSpec& spec) {
  std::map<std::string, Found> all;
  for (const CdiFile& file : files) {
    try {
      ReadFile(file, all);
    } catch (const Mistake& mistake) {
      return absl::InvalidArgumentError(absl::StrCat("CDI file '", file.path, "': ", mistake.text));
    }
  }
  std::set<std::string> once;    // devices
  std::set<std::string> shared;  // files
  for (const std::string& name : names) {
    const auto found = all.find(name);
    if (found == all.end()) {
      std::vector<std::string> known;
      for (const auto& [other, device] : all) known.push_back(other);
      return absl::InvalidArgumentError(
          absl::StrCat("there is no CDI device '", name, "'; ",
                       known.empty() ? "no file in /etc/cdi or /var/run/cdi describes any"
                                     : absl::StrCat("there are ", absl::StrJoin(known, ", "))));
    }
    if (!once.insert(name).second) continue;
    if (shared.insert(found->second.file->path).second) Apply(found->second.shared, spec);
    Apply(found->second.own, spec);
  }
  return absl::OkStatus();
}

}  // namespace pelagos
