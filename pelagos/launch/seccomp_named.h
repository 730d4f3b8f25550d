// Profiles of ours beside the default one, by name.
//
// - "iouring": the default, and io_uring(7), which Docker's default leaves out: its calls do the
//   work of others without asking the filter.
// - "minimal": an allow list for programs that compute, use files and sockets and start others like
//   them. What administers, traces, times others or talks to the kernel otherwise fails with EPERM,
//   whatever capabilities are kept.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "pelagos/policy/seccomp_filter.h"

namespace pelagos::launch {

// "iouring" (also "io-uring"), "minimal"; nullopt: no such profile.
std::optional<SeccompFilter> NamedSeccompFilter(absl::string_view name);

}  // namespace pelagos::launch
