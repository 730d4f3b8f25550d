// Which system calls a container may make.
//
// A value: the name of a filter that was compiled when Pelagos was built, or none. The rules of the
// default filter stand in seccomp_default.h; they are Docker's documented defaults.
// Source: seccomp(2), OCI runtime-spec config-linux.md ("Seccomp").
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace pelagos {

enum class SeccompProfile : uint8_t { kDefault, kUnconfined };

struct SeccompPolicy {
  SeccompProfile profile = SeccompProfile::kDefault;

  friend constexpr bool operator==(SeccompPolicy, SeccompPolicy) = default;
};

inline constexpr SeccompPolicy kDefaultSeccomp = {SeccompProfile::kDefault};

constexpr absl::string_view NameOf(SeccompProfile profile) {
  return profile == SeccompProfile::kDefault ? "default" : "unconfined";
}

}  // namespace pelagos
