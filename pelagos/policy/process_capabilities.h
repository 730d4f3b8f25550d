// The capability sets of a process beside its bounding set, where they are not what Pelagos gives
// by itself: all the bounding set for root, nothing for other users.
//
// A value. Source: capabilities(7); OCI runtime-spec config.md ("Linux Process", capabilities).
#pragma once

#include "absl/strings/string_view.h"
#include "pelagos/policy/capability_set.h"

namespace pelagos {

struct ProcessCapabilities {
  CapabilitySet permitted, effective, inheritable, ambient;

  // The same for a program of any user: what it has, it keeps across execve(2).
  static constexpr ProcessCapabilities Ambient(CapabilitySet set) { return {set, set, set, set}; }

  friend constexpr bool operator==(const ProcessCapabilities&,
                                   const ProcessCapabilities&) = default;
};

// Why the kernel would refuse the sets, as the end of a sentence, or "".
constexpr absl::string_view ProcessCapabilitiesProblem(const ProcessCapabilities& sets,
                                                       CapabilitySet bounding) {
  if (!(sets.effective - sets.permitted).empty()) {
    return "have effective ones that are not permitted";
  }
  if (!(sets.inheritable - bounding).empty()) {
    return "have inheritable ones outside the bounding set";
  }
  if (!(sets.ambient - sets.permitted).empty() || !(sets.ambient - sets.inheritable).empty()) {
    return "have ambient ones that are not both permitted and inheritable";
  }
  return "";
}

}  // namespace pelagos
