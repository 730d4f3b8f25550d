// The default seccomp filter as the kernel takes it.
//
// Its program for the default capabilities is compiled when Pelagos is built (tools/seccomp writes
// seccomp_tables.cc). For other sets of capabilities the same compiler runs at launch.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "pelagos/launch/seccomp_default.h"
#include "pelagos/policy/capability_set.h"
#include "pelagos/policy/seccomp_compile.h"

namespace pelagos::launch {

// Generated, static.
extern const absl::Span<const sock_filter> kDefaultSeccompProgram;

static_assert(sizeof(BpfInstruction) == sizeof(sock_filter) &&
              offsetof(BpfInstruction, jt) == offsetof(sock_filter, jt) &&
              offsetof(BpfInstruction, jf) == offsetof(sock_filter, jf) &&
              offsetof(BpfInstruction, k) == offsetof(sock_filter, k));

inline std::vector<sock_filter> KernelProgram(const SeccompProgram& program) {
  std::vector<sock_filter> copy;
  copy.reserve(program.size());
  for (const BpfInstruction& in : program) copy.push_back({in.code, in.jt, in.jf, in.k});
  return copy;
}

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
  // It is far from the kernel's limit (a test says so for all capabilities).
  memory = KernelProgram(*CompileSeccomp(DefaultSeccompFilter(), {capabilities, {}}));
  return memory;
}

}  // namespace pelagos::launch
