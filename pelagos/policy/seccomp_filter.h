// A seccomp profile as a typed value: which system calls a container may make, by name, as the
// profiles of OCI and Docker say it. spec/seccomp_json.h reads and writes it, seccomp_compile.h
// makes it a program.
//
// What a call's verdict is:
// - Rules that name the call and whose conditions all hold apply; the strictest verdict counts, as
//   the kernel does it for several filters (seccomp(2)), whatever the rules' order. Of equally
//   strict ones the first counts (two errnos).
// - If no rule applies, `otherwise` counts. A rule as strict as `otherwise` is a rule like any
//   other.
// - If `otherwise` stands in the way of calls (it is not ALLOW, LOG or TRACE), numbers above all
//   that the rules name on that architecture fail with ENOSYS: programs fall back from what is
//   newer than the profile, as with runc.
// - Calls of an architecture that is not listed kill the process. The native one is always listed.
//
// Source: OCI runtime-spec config-linux.md ("Seccomp"), docs.docker.com "Seccomp security
// profiles".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pelagos/abi/kernel_version.h"
#include "pelagos/abi/seccomp.h"
#include "pelagos/policy/capability_set.h"

namespace pelagos {

struct SeccompVerdict {
  SeccompAct act = SeccompAct::kAllow;
  uint16_t data = 0;  // kErrno: the errno, at most 4095; kTrace: the tracer's message; else 0

  // What a filter returns.
  constexpr uint32_t value() const { return RowOf(act).value | data; }
  friend constexpr bool operator==(SeccompVerdict, SeccompVerdict) = default;
};

inline constexpr uint16_t kMostErrno = 4095;  // MAX_ERRNO of include/linux/err.h

// Compares all 64 bits, unsigned; on i386 and arm, whose arguments have 32, both sides' low halves.
// kMaskedEq: (argument & value) == value_two; value_two has no bits outside of value.
struct SeccompCondition {
  uint8_t index = 0;  // of the argument, 0 to 5
  SeccompOp op = SeccompOp::kEq;
  uint64_t value = 0, value_two = 0;
  friend constexpr bool operator==(const SeccompCondition&, const SeccompCondition&) = default;
};

// Docker's `includes` and `excludes`.
struct SeccompWhen {
  CapabilitySet capabilities = {};           // that the container keeps
  std::vector<SeccompArch> arches = {};      // the machine's
  std::optional<KernelVersion> kernel = {};  // this or a newer one
  friend bool operator==(const SeccompWhen&, const SeccompWhen&) = default;
};

struct SeccompFilterRule {
  std::vector<std::string> names = {};  // also names that this machine does not have
  SeccompVerdict verdict = {};
  // All must hold. As with runc and crun, a rule with two conditions on one argument is meant as
  // alternatives: then each of its conditions is enough by itself.
  std::vector<SeccompCondition> conditions = {};
  SeccompWhen includes =
      {};  // counts only with all the capabilities, one of the arches, the kernel
  SeccompWhen excludes =
      {};  // does not count with one of the capabilities, of the arches, the kernel
  friend bool operator==(const SeccompFilterRule&, const SeccompFilterRule&) = default;
};

struct SeccompFilter {
  SeccompVerdict otherwise;
  std::vector<SeccompArch> arches =
      {};                             // beside the native one; those of other machines do nothing
  uint32_t flags = 0;                 // SECCOMP_FILTER_FLAG_* of kSeccompFlags
  std::string listener_path;          // a unix socket on the host, which kNotify needs
  std::string listener_metadata;      // passed on to the listener
  bool ignore_unknown_names = false;  // "x-pelagos-unknown-names": "ignore"
  std::vector<SeccompFilterRule> rules;
  friend bool operator==(const SeccompFilter&, const SeccompFilter&) = default;
};

}  // namespace pelagos
