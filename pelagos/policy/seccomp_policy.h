// Which system calls a container may make.
//
// A value: the name of a filter that was compiled when Pelagos was built, or none. The default
// filter's rules are Docker's documented defaults.
// Source: seccomp(2), OCI runtime-spec config-linux.md ("Seccomp").
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "pelagos/abi/syscall.h"

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

constexpr std::optional<SeccompProfile> FindSeccompProfile(absl::string_view name) {
  for (SeccompProfile profile : {SeccompProfile::kDefault, SeccompProfile::kUnconfined}) {
    if (NameOf(profile) == name) return profile;
  }
  return std::nullopt;
}

// "mount"_syscall; a misspelt name does not compile, so no rule of ours can fail open.
void UnknownSyscallName();  // never defined: having to call it is the compile error
consteval Syscall operator""_syscall(const char* name, size_t size) {
  const std::optional<Syscall> call = FindSyscall({name, size});
  if (!call) UnknownSyscallName();
  return *call;
}

}  // namespace pelagos
