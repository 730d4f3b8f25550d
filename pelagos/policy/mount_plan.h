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
#include "pelagos/policy/mount_options.h"

namespace pelagos {

enum class MountKind : uint8_t { kBind, kVolume, kTmpfs };

constexpr absl::string_view NameOf(MountKind kind) {
  switch (kind) {
    case MountKind::kVolume:
      return "volume";
    case MountKind::kTmpfs:
      return "tmpfs";
    case MountKind::kBind:
      break;
  }
  return "bind";
}

struct Mount {
  MountKind kind = MountKind::kBind;
  std::string source;  // kBind: an absolute host path (while it is read, also relative to the
                       // user's file); kVolume: the volume's name; kTmpfs: empty
  std::string target;
  bool read_only = false;
  MountOptions options = {};

  friend bool operator==(const Mount&, const Mount&) = default;
};

// Why `path` names nothing inside a container, as the end of a sentence, or "".
constexpr absl::string_view InsidePathProblem(absl::string_view path) {
  if (path.empty() || path[0] != '/') return "must be an absolute path";
  bool has_part = false;
  for (size_t begin = 1; begin <= path.size();) {
    size_t end = begin;
    for (; end < path.size() && path[end] != '/'; ++end) {
      if (path[end] == '\0') return "must not contain a NUL byte";
    }
    const absl::string_view part = path.substr(begin, end - begin);
    if (part == "." || part == "..") return "must not contain '.' or '..'";
    has_part = has_part || !part.empty();
    begin = end + 1;
  }
  return has_part ? "" : "cannot be the root itself";
}

// Why `path` cannot be the target of a mount, as the end of a sentence, or "". /proc and /dev are
// the kernel's view of the container and what hides parts of it: nothing replaces them.
constexpr absl::string_view TargetProblem(absl::string_view path) {
  if (const absl::string_view problem = InsidePathProblem(path); !problem.empty()) return problem;
  const auto skip = [path](size_t at, bool slashes) {
    while (at < path.size() && (path[at] == '/') == slashes) ++at;
    return at;
  };
  const size_t begin = skip(0, true);
  const size_t end = skip(begin, false);
  const absl::string_view first = path.substr(begin, end - begin);
  const bool alone = skip(end, true) == path.size();
  if (first == "proc") return "is in /proc, which is the container's own";
  if (first == "dev" && alone) return "is the container's own /dev; mount files below it";
  return "";
}

// The one spelling of a target: no doubled and no trailing slashes. Requires: no InsidePathProblem.
inline std::string CleanTarget(absl::string_view path) {
  std::string clean;
  for (char c : path) {
    if (c != '/' || clean.empty() || clean.back() != '/') clean += c;
  }
  if (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  return clean;
}

// How many names a clean target has: 2 for "/var/lib". Mounts are made in the order of it, so that
// none hides another.
constexpr size_t TargetDepth(absl::string_view target) {
  size_t depth = 0;
  for (char c : target) depth += c == '/' ? 1 : 0;
  return depth;
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
  // The run-time door: the caller has asked TargetProblem, and cleaned the target.
  constexpr void push_back(Mount mount) { mounts_.push_back(std::move(mount)); }

  constexpr const std::vector<Mount>& mounts() const { return mounts_; }
  // For those who rewrite sources: paths made absolute, volumes given their project.
  constexpr std::vector<Mount>& mounts() { return mounts_; }
  friend bool operator==(const MountPlan&, const MountPlan&) = default;

 private:
  constexpr MountPlan&& Add(Mount mount) {
    mounts_.push_back(std::move(mount));
    return std::move(*this);
  }
  std::vector<Mount> mounts_;
};

}  // namespace pelagos
