// What a container sees beside its root file system: host paths, volumes, tmpfs.
//
// A value. Source: mount(2); the OCI runtime-spec's word for the place inside is "destination", we
// say `target`. Targets are absolute, without "." or ".." components.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos {

enum class MountKind : uint8_t { kBind, kVolume, kTmpfs };

struct Mount {
  MountKind kind = MountKind::kBind;
  std::string source;  // kBind: an absolute host path; kVolume: the volume's name; kTmpfs: empty
  std::string target;
  bool read_only = false;

  friend bool operator==(const Mount&, const Mount&) = default;
};

// Why `path` cannot be a place inside a container, or "".
constexpr absl::string_view TargetProblem(absl::string_view path) {
  if (path.empty() || path[0] != '/') return "must be an absolute path";
  if (path == "/") return "cannot be the root itself";
  if (path.find('\0') != absl::string_view::npos) return "must not contain a NUL byte";
  for (size_t begin = 1; begin <= path.size();) {
    size_t end = begin;
    while (end < path.size() && path[end] != '/') ++end;
    const absl::string_view part = path.substr(begin, end - begin);
    if (part == "." || part == "..") return "must not contain '.' or '..'";
    begin = end + 1;
  }
  return "";
}

// An absolute path known at compile time: "/var/lib"_path; "var/lib"_path does not compile.
struct StaticPath {
  absl::string_view value;
};
void NotAnAbsolutePath();  // never defined: having to call it is the compile error
consteval StaticPath operator""_path(const char* text, size_t size) {
  if (!TargetProblem({text, size}).empty()) NotAnAbsolutePath();
  return {{text, size}};
}

class MountPlan {
 public:
  constexpr MountPlan() = default;

  constexpr MountPlan&& Bind(std::string source, StaticPath target, bool read_only = false) && {
    return Add({MountKind::kBind, std::move(source),
                std::string(target.value.data(), target.value.size()), read_only});
  }
  constexpr MountPlan&& Volume(std::string name, StaticPath target) && {
    return Add({MountKind::kVolume, std::move(name),
                std::string(target.value.data(), target.value.size()), false});
  }
  constexpr MountPlan&& Tmpfs(StaticPath target) && {
    return Add(
        {MountKind::kTmpfs, "", std::string(target.value.data(), target.value.size()), false});
  }
  // The run-time door: the caller has asked TargetProblem.
  constexpr void push_back(Mount mount) { mounts_.push_back(std::move(mount)); }

  constexpr const std::vector<Mount>& mounts() const { return mounts_; }
  friend bool operator==(const MountPlan&, const MountPlan&) = default;

 private:
  constexpr MountPlan&& Add(Mount mount) {
    mounts_.push_back(std::move(mount));
    return std::move(*this);
  }
  std::vector<Mount> mounts_;
};

}  // namespace pelagos
