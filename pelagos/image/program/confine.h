// What pelagos-image gives up before it reads what strangers wrote.
//
// Source: landlock(7), prctl(2) PR_SET_NO_NEW_PRIVS, capabilities(7), capset(2).
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace pelagos::image {

// For this thread and those it starts, for good: no new privileges; of all capabilities only those
// that unpacking needs; no file outside `writable` can be made, changed or removed, none outside it
// and `readable` (folders or files; those that are not there are left out) read or executed
// (descriptors that are open stay so). Where the kernel has no
// Landlock (or one before its second version, which forbids renames), the last is left out.
absl::Status Confine(const std::vector<std::string>& writable,
                     const std::vector<std::string>& readable);

}  // namespace pelagos::image
