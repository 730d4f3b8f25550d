#include "pelagos/policy/mount_text.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/octal.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/base/suggest.h"
#include "pelagos/policy/cgroup_plan.h"

namespace pelagos {
namespace {

absl::Status Expected(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("expected ", what));
}

std::optional<uint32_t> ParseId(absl::string_view text) {
  constexpr uint32_t kNobodyAtAll = 0xffffffff;
  uint32_t id = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  if (!absl::SimpleAtoi(text, &id) || id == kNobodyAtAll) return std::nullopt;
  return id;
}

struct Pair {
  absl::string_view key, value;
  bool has_value;
};

Pair Split(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos) return {text, "", false};
  return {text.substr(0, equals), text.substr(equals + 1), true};
}

absl::Status Unknown(absl::string_view word, std::vector<absl::string_view> words) {
  const std::string near = Suggest(word, words);
  std::string text = absl::StrCat("there is no option '", word, "'");
  if (!near.empty()) absl::StrAppend(&text, "; did you mean '", near, "'?");
  return absl::InvalidArgumentError(text);
}

// A switch, alone or with true, false, 1 or 0.
absl::StatusOr<bool> Switch(const Pair& pair) {
  if (!pair.has_value || pair.value == "true" || pair.value == "1") return true;
  if (pair.value == "false" || pair.value == "0") return false;
  return Expected(absl::StrCat("true or false after ", pair.key, "="));
}

// Options that any kind of mount has; false if `word` is none.
bool ApplyCommon(absl::string_view word, Mount& mount) {
  struct Row {
    absl::string_view name;
    std::optional<bool> MountOptions::*option;
    bool value;
  };
  static constexpr Row kRows[] = {
      {"nosuid", &MountOptions::nosuid, true}, {"suid", &MountOptions::nosuid, false},
      {"nodev", &MountOptions::nodev, true},   {"dev", &MountOptions::nodev, false},
      {"noexec", &MountOptions::noexec, true}, {"exec", &MountOptions::noexec, false},
  };
  for (const Row& row : kRows) {
    if (word != row.name) continue;
    mount.options.*row.option = row.value;
    return true;
  }
  if (word != "ro" && word != "rw") return false;
  mount.read_only = word == "ro";
  return true;
}

absl::Status ApplyTmpfsSize(absl::string_view value, TmpfsOptions& tmpfs) {
  const std::optional<uint64_t> size = ParseByteSize(value);
  if (!size) return Expected("a size such as 64m");
  tmpfs.size_bytes = *size;
  return absl::OkStatus();
}

absl::Status ApplyTmpfsMode(absl::string_view value, TmpfsOptions& tmpfs) {
  tmpfs.mode = ParseOctal(value, 07777);
  return tmpfs.mode ? absl::OkStatus() : Expected("an octal mode such as 1777");
}

absl::Status ApplyTmpfsOption(absl::string_view text, Mount& mount) {
  if (ApplyCommon(text, mount)) return absl::OkStatus();
  const Pair pair = Split(text);
  TmpfsOptions& tmpfs = mount.options.tmpfs;
  if (pair.key == "size") return ApplyTmpfsSize(pair.value, tmpfs);
  if (pair.key == "mode") return ApplyTmpfsMode(pair.value, tmpfs);
  if (pair.key == "uid" || pair.key == "gid") {
    const std::optional<uint32_t> id = ParseId(pair.value);
    if (!id) return Expected(absl::StrCat("a number after ", pair.key, "="));
    (pair.key == "uid" ? tmpfs.uid : tmpfs.gid) = id;
    return absl::OkStatus();
  }
  if (pair.key == "nr_inodes") {
    if (!absl::SimpleAtoi(pair.value, &tmpfs.inodes) || tmpfs.inodes == 0) {
      return Expected("a number from 1 after nr_inodes=");
    }
    return absl::OkStatus();
  }
  return Unknown(pair.key, {"size", "mode", "uid", "gid", "nr_inodes", "ro", "rw", "exec", "noexec",
                            "suid", "nosuid", "dev", "nodev"});
}

Mount NewTmpfs() {
  Mount mount;
  mount.kind = MountKind::kTmpfs;
  mount.options.noexec = true;  // as Docker
  return mount;
}

absl::Status CheckTarget(const Mount& mount) {
  const absl::string_view problem = TargetProblem(mount.target);
  if (problem.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the target '", mount.target, "' ", problem));
}

absl::StatusOr<std::vector<IdMapping>> ParseRanges(absl::string_view text) {
  std::vector<IdMapping> ranges;
  for (absl::string_view range : absl::StrSplit(text, '#')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(range, '-');
    std::optional<uint32_t> numbers[3];
    for (size_t i = 0; i < parts.size() && i < 3; ++i) numbers[i] = ParseId(parts[i]);
    if (parts.size() != 3 || !numbers[0] || !numbers[1] || !numbers[2]) {
      return Expected("FILES-SHOWN-COUNT, numbers, as 0-1000-10");
    }
    ranges.push_back({*numbers[0], *numbers[1], *numbers[2]});
  }
  return ranges;
}

absl::Status ApplyVolumeOption(absl::string_view word, Mount& mount) {
  if (ApplyCommon(word, mount)) return absl::OkStatus();
  if (const auto propagation = FindPropagation(word)) {
    mount.options.propagation = *propagation;
    return absl::OkStatus();
  }
  if (word == "z" || word == "Z") {
    mount.options.relabel = true;
    return absl::OkStatus();
  }
  if (word == "nocopy" && mount.kind == MountKind::kVolume) {
    mount.options.no_copy = true;
    return absl::OkStatus();
  }
  return Unknown(word, {"ro", "rw", "z", "Z", "private", "rprivate", "slave", "rslave", "shared",
                        "rshared", "nocopy", "nosuid", "nodev", "noexec"});
}

// What of --mount is written for one kind of mount alone.
struct KeyKinds {
  absl::string_view key;
  bool bind, volume, tmpfs;
};
constexpr KeyKinds kKeys[] = {
    {"type", true, true, true},
    {"source", true, true, false},
    {"src", true, true, false},
    {"target", true, true, true},
    {"dst", true, true, true},
    {"destination", true, true, true},
    {"readonly", true, true, true},
    {"ro", true, true, true},
    {"bind-propagation", true, false, false},
    {"bind-nonrecursive", true, false, false},
    {"bind-recursive", true, false, false},
    {"bind-create-src", true, false, false},
    {"subpath", true, true, false},
    {"volume-subpath", false, true, false},
    {"volume-nocopy", false, true, false},
    {"idmap", true, true, false},
    {"tmpfs-size", false, false, true},
    {"tmpfs-mode", false, false, true},
    {"nosuid", true, true, true},
    {"nodev", true, true, true},
    {"noexec", true, true, true},
    {"exec", true, true, true},
};

absl::Status CheckKey(absl::string_view key, MountKind kind) {
  std::vector<absl::string_view> keys;
  for (const KeyKinds& row : kKeys) {
    keys.push_back(row.key);
    if (row.key != key) continue;
    const bool fits = kind == MountKind::kBind     ? row.bind
                      : kind == MountKind::kVolume ? row.volume
                                                   : row.tmpfs;
    if (fits) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("'", key, "' is not for mounts of type ", NameOf(kind)));
  }
  return Unknown(key, keys);
}

absl::Status ApplyKey(const Pair& pair, Mount& mount) {
  MountOptions& options = mount.options;
  const absl::string_view key = pair.key;
  if (key == "type") return absl::OkStatus();
  if (key == "source" || key == "src") {
    mount.source = std::string(pair.value);
  } else if (key == "target" || key == "dst" || key == "destination") {
    mount.target = std::string(pair.value);
  } else if (key == "readonly" || key == "ro") {
    PELAGOS_ASSIGN_OR_RETURN(mount.read_only, Switch(pair));
  } else if (key == "bind-propagation") {
    const auto found = FindPropagation(pair.value);
    if (!found) return Expected("private, rprivate, slave, rslave, shared or rshared");
    options.propagation = *found;
  } else if (key == "bind-nonrecursive") {
    PELAGOS_ASSIGN_OR_RETURN(const bool on, Switch(pair));
    if (on) options.recursion = BindRecursion::kDisabled;
  } else if (key == "bind-recursive") {
    const auto found = FindBindRecursion(pair.value);
    if (!found) return Expected("bind-recursive=enabled, disabled, writable or readonly");
    options.recursion = *found;
  } else if (key == "bind-create-src") {
    PELAGOS_ASSIGN_OR_RETURN(options.make_source, Switch(pair));
  } else if (key == "subpath" || key == "volume-subpath") {
    options.subpath = std::string(pair.value);
  } else if (key == "idmap") {
    PELAGOS_ASSIGN_OR_RETURN(options.ids, ParseMountIdMap(pair.value));
  } else if (key == "tmpfs-size") {
    return ApplyTmpfsSize(pair.value, options.tmpfs);
  } else if (key == "tmpfs-mode") {
    return ApplyTmpfsMode(pair.value, options.tmpfs);
  } else if (key == "volume-nocopy") {
    PELAGOS_ASSIGN_OR_RETURN(options.no_copy, Switch(pair));
  } else {
    PELAGOS_ASSIGN_OR_RETURN(const bool on, Switch(pair));
    if (on) ApplyCommon(key, mount);
  }
  return absl::OkStatus();
}

// Docker's rules for bind-recursive.
absl::Status CheckRecursion(const Mount& mount) {
  const BindRecursion recursion = mount.options.recursion;
  if (recursion != BindRecursion::kReadOnly && recursion != BindRecursion::kWritable) {
    return absl::OkStatus();
  }
  if (!mount.read_only) {
    return absl::InvalidArgumentError(
        absl::StrCat("bind-recursive=", NameOf(recursion), " needs readonly"));
  }
  if (recursion == BindRecursion::kReadOnly && mount.options.propagation != Propagation::kPrivate) {
    return absl::InvalidArgumentError("bind-recursive=readonly needs bind-propagation=rprivate");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MountIdMap> ParseMountIdMap(absl::string_view text) {
  MountIdMap map;
  for (absl::string_view part : absl::StrSplit(text, ';')) {
    const Pair pair = Split(part);
    PELAGOS_ASSIGN_OR_RETURN(std::vector<IdMapping> ranges,
                             ParseRanges(pair.has_value ? pair.value : part));
    if (!pair.has_value) {
      map.uids = map.gids = std::move(ranges);
    } else if (pair.key == "uids") {
      map.uids = std::move(ranges);
    } else if (pair.key == "gids") {
      map.gids = std::move(ranges);
    } else {
      return Expected("uids= and gids=");
    }
  }
  const absl::string_view problem = IdMapProblem(map);
  if (problem.empty()) return map;
  return absl::InvalidArgumentError(absl::StrCat("the map ", problem));
}

absl::StatusOr<Mount> ParseVolumeFlag(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() > 3 || parts[0].empty()) return Expected("[SOURCE:]TARGET[:OPTIONS]");
  Mount mount;
  if (parts.size() == 1) {
    mount.kind = MountKind::kVolume;
    mount.options.own = true;
    mount.target = std::string(parts[0]);
    PELAGOS_RETURN_IF_ERROR(CheckTarget(mount));
    return mount;
  }
  mount.source = std::string(parts[0]);
  mount.target = std::string(parts[1]);
  if (parts[0][0] == '/' || parts[0][0] == '.') {
    mount.options.make_source = true;
  } else {
    mount.kind = MountKind::kVolume;
    if (parts[0].find('/') != absl::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat("'", parts[0],
                                                     "' is no name of a volume; a path begins "
                                                     "with '/' or './'"));
    }
  }
  if (parts.size() == 3) {
    for (absl::string_view word : absl::StrSplit(parts[2], ',')) {
      PELAGOS_RETURN_IF_ERROR(ApplyVolumeOption(word, mount));
    }
  }
  PELAGOS_RETURN_IF_ERROR(CheckTarget(mount));
  return mount;
}

absl::StatusOr<Mount> ParseMountFlag(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  Mount mount;
  mount.kind = MountKind::kVolume;  // Docker's default
  for (absl::string_view part : parts) {
    const Pair pair = Split(part);
    if (pair.key != "type") continue;
    if (pair.value == "tmpfs") {
      mount = NewTmpfs();
    } else if (pair.value == "bind") {
      mount.kind = MountKind::kBind;
    } else if (pair.value != "volume") {
      return Expected("type=bind, volume or tmpfs");
    }
  }
  for (absl::string_view part : parts) {
    const Pair pair = Split(part);
    PELAGOS_RETURN_IF_ERROR(CheckKey(pair.key, mount.kind));
    PELAGOS_RETURN_IF_ERROR(ApplyKey(pair, mount));
  }
  if (mount.target.empty()) return Expected("target=PATH");
  if (mount.kind == MountKind::kBind && mount.source.empty()) return Expected("source=");
  mount.options.own = mount.kind == MountKind::kVolume && mount.source.empty();
  PELAGOS_RETURN_IF_ERROR(CheckRecursion(mount));
  PELAGOS_RETURN_IF_ERROR(CheckTarget(mount));
  return mount;
}

absl::StatusOr<Mount> ParseBindFlag(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() != 2 || parts[0].empty()) return Expected("SOURCE:TARGET");
  Mount mount;
  mount.kind = MountKind::kBind;
  mount.source = std::string(parts[0]);
  mount.target = std::string(parts[1]);
  PELAGOS_RETURN_IF_ERROR(CheckTarget(mount));
  return mount;
}

absl::StatusOr<Mount> ParseReadOnlyBindFlag(absl::string_view text) {
  absl::StatusOr<Mount> mount = ParseBindFlag(text);
  if (mount.ok()) mount->read_only = true;
  return mount;
}

absl::StatusOr<Mount> ParseTmpfsFlag(absl::string_view text) {
  const size_t colon = text.find(':');
  Mount mount = NewTmpfs();
  mount.target = std::string(text.substr(0, colon));
  PELAGOS_RETURN_IF_ERROR(CheckTarget(mount));
  if (colon == absl::string_view::npos) return mount;
  for (absl::string_view option : absl::StrSplit(text.substr(colon + 1), ',')) {
    PELAGOS_RETURN_IF_ERROR(ApplyTmpfsOption(option, mount));
  }
  return mount;
}

}  // namespace pelagos
