// The master of a terminal, handed to the client that will read and write it.
//
// Source: runc's docs/terminals.md ("--console-socket"); unix(7), SCM_RIGHTS.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "pelagos/base/fd.h"

namespace pelagos::oci {

// Connects to the socket (SOCK_STREAM) and sends the descriptor with a name of the terminal.
absl::Status SendConsole(const std::string& socket, const Fd& master);

// Likewise a pidfd of a process, pidfd_open(2): --pidfd-socket.
absl::Status SendPidfd(const std::string& socket, const Fd& pidfd);

}  // namespace pelagos::oci
