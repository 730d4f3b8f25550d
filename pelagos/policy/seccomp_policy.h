// Which system calls a container may make.
//
// A value: the name of a filter that was compiled when Pelagos was built, a profile of the user's,
// or none. The default filter's rules are Docker's documented defaults. Source: seccomp(2), OCI
// runtime-spec config-linux.md ("Seccomp").
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
#include "pelagos/abi/syscall.h"
#include "pelagos/policy/seccomp_filter.h"

namespace pelagos {

enum class SeccompProfile : uint8_t { kDefault, kUnconfined, kCustom };

struct SeccompPolicy {
  SeccompProfile profile = SeccompProfile::kDefault;
  std::shared_ptr<const SeccompFilter> filter = {};  // exactly if kCustom; never changes

  friend bool operator==(const SeccompPolicy& a, const SeccompPolicy& b) {
    if (a.profile != b.profile || (a.filter == nullptr) != (b.filter == nullptr)) return false;
    return a.filter == nullptr || *a.filter == *b.filter;
  }
};

inline const SeccompPolicy kDefaultSeccomp = {SeccompProfile::kDefault, nullptr};

inline SeccompPolicy CustomSeccomp(SeccompFilter filter) {
  return {SeccompProfile::kCustom, std::make_shared<const SeccompFilter>(std::move(filter))};
}

constexpr absl::string_view NameOf(SeccompProfile profile) {
  switch (profile) {
    case SeccompProfile::kDefault:
      return "default";
    case SeccompProfile::kUnconfined:
      return "unconfined";
    case SeccompProfile::kCustom:
      break;
  }
  return "custom";
}

// Those that have no more to them than a name.
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
