// What pelagos-proxy gives up before it hears from strangers.
//
// Source: capabilities(7), prctl(2) PR_SET_NO_NEW_PRIVS, seccomp(2).
#pragma once

#include "absl/status/status.h"

namespace pelagos::net {

// For good: all capabilities, new privileges, and every system call but those that pass on data and
// open connections. No file can be opened or named any more, no process started, no port bound;
// other calls fail with EPERM.
absl::Status GiveUpRights();

}  // namespace pelagos::net
