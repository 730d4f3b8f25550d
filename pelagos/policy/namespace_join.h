// Namespaces that are there already, for a container to join instead of having its own.
//
// A value. Source: setns(2), namespaces(7); OCI runtime-spec config-linux.md ("Namespaces", path).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pelagos/abi/namespace.h"

namespace pelagos {

struct NamespaceJoin {
  Namespace kind = Namespace::kIpc;
  std::string path;  // of the host, absolute: "/proc/123/ns/ipc"; empty: that of `container`
  std::string container = {};  // of the same run root
  friend bool operator==(const NamespaceJoin&, const NamespaceJoin&) = default;
};

using NamespaceJoins = std::vector<NamespaceJoin>;

// Why a namespace of this kind cannot be joined, as the end of a sentence, or "".
constexpr absl::string_view JoinProblem(Namespace kind) {
  if (kind == Namespace::kMount) {
    return "cannot be joined: a container mounts its root in one of its own";
  }
  return "";
}

// Where a container's namespace of one kind comes from.
enum class NamespaceOrigin : uint8_t { kOwn, kHost, kJoined };
struct NamespaceMode {
  NamespaceOrigin origin = NamespaceOrigin::kOwn;
  std::string path;            // kJoined: this, or
  std::string container = {};  // that
  friend bool operator==(const NamespaceMode&, const NamespaceMode&) = default;
};

// "private", "host", "ns:/proc/123/ns/ipc", "container:NAME"
inline std::optional<NamespaceMode> ParseNamespaceMode(absl::string_view text) {
  constexpr absl::string_view kPrefix = "ns:/";
  constexpr absl::string_view kContainer = "container:";
  if (text.size() > kContainer.size() && text.substr(0, kContainer.size()) == kContainer) {
    return NamespaceMode{NamespaceOrigin::kJoined, "", std::string(text.substr(kContainer.size()))};
  }
  if (text == "private") return NamespaceMode{NamespaceOrigin::kOwn, ""};
  if (text == "host") return NamespaceMode{NamespaceOrigin::kHost, ""};
  if (text.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  return NamespaceMode{NamespaceOrigin::kJoined, std::string(text.substr(kPrefix.size() - 1))};
}

}  // namespace pelagos
