// One file of cgroup v2 as it stands: `--cgroup-conf memory.high=64m`, OCI's "unified".
//
// A value. Source: runtime-spec config-linux.md ("Unified"), cgroup-v2.rst, podman-run(1).
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos {

struct CgroupSetting {
  std::string key;    // "memory.high"
  std::string value;  // written as it is
  friend bool operator==(const CgroupSetting&, const CgroupSetting&) = default;
};

// "memory" of "memory.high"; "" if there is none.
inline absl::string_view ControllerOfKey(absl::string_view key) {
  const size_t dot = key.find('.');
  return dot == absl::string_view::npos ? absl::string_view() : key.substr(0, dot);
}

// Why a key cannot be set, as the end of a sentence, or "". Of the core's files only the bounds of
// what may be made below are settings; the others move, freeze or kill.
inline absl::string_view CgroupKeyProblem(absl::string_view key) {
  if (key.empty() || key.size() > 255) return "is no name of a file";
  if (key.find('/') != absl::string_view::npos) return "must not hold a slash";
  for (char c : key) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.';
    if (!fine) return "holds a character that no file of a cgroup has";
  }
  const absl::string_view controller = ControllerOfKey(key);
  if (controller.empty() || key.back() == '.') return "must be CONTROLLER.FILE";
  if (controller == "cgroup" && key != "cgroup.max.depth" && key != "cgroup.max.descendants") {
    return "is no setting of a container";
  }
  return "";
}

// "KEY=VALUE"; nullopt without a key or a value, or with a key that CgroupKeyProblem objects to.
inline std::optional<CgroupSetting> ParseCgroupSetting(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals + 1 == text.size()) return std::nullopt;
  const absl::string_view key = text.substr(0, equals);
  if (!CgroupKeyProblem(key).empty()) return std::nullopt;
  return CgroupSetting{std::string(key), std::string(text.substr(equals + 1))};
}

}  // namespace pelagos
