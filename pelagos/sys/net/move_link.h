// An interface of the host that goes into another network namespace, with its addresses.
//
// Source: rtnetlink(7), IFLA_NET_NS_FD; OCI runtime-spec config-linux.md ("Network Devices").
#pragma once

#include <string>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"

namespace pelagos::sys {

// Moves interface `name` of the calling thread's network namespace into `netns`, where it is called
// `inside`, is up, and has the addresses that it had: those of global scope that were set by hand.
// MTU and Ethernet address stay with it anyway. NotFound if there is no such interface,
// AlreadyExists if the other name is taken; then nothing has been moved. Needs CAP_SYS_ADMIN.
absl::Status MoveLink(const std::string& name, const std::string& inside, const Fd& netns);

}  // namespace pelagos::sys
