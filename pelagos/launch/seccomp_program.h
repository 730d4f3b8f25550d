// The seccomp filters of the launcher, as the kernel takes them.
//
// The default profile's calls are resolved to numbers, and its program for the default capabilities
// is compiled, when Pelagos is built (tools/seccomp writes seccomp_tables.cc). For other sets of
// capabilities the same compiler runs at launch, in some microseconds.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "absl/types/span.h"
#include "pelagos/launch/seccomp_compile.h"
#include "pelagos/policy/capability_set.h"

namespace pelagos::launch {

// Generated, static.
extern const SeccompTable kDefaultSeccompTable;
extern const absl::Span<const sock_filter> kDefaultSeccompProgram;

// The capabilities that open system calls in the profile.
inline uint64_t UnlockingCapabilities() {
  uint64_t bits = 0;
  for (const SeccompRule& rule : kSeccompRules) bits |= rule.unlocks;
  return bits;
}

// The default profile for a container that keeps `capabilities`: static data, or `memory`, filled.
inline absl::Span<const sock_filter> DefaultSeccompProgram(CapabilitySet capabilities,
                                                           std::vector<sock_filter>& memory) {
  const uint64_t matters = UnlockingCapabilities();
  if ((capabilities.bits() & matters) == (kDefaultCapabilities.bits() & matters)) {
    return kDefaultSeccompProgram;
  }
  memory = CompileSeccomp(kDefaultSeccompTable, capabilities.bits());
  return memory;
}

}  // namespace pelagos::launch
