// The uplink of a container that has a network namespace but no bridge: Debian's pasta(1), which
// carries its connections as sockets of the host (`--network pasta`).
//
//   caller --fork, fork--> guard --fork--> pasta --> tap interface in the container's namespace
//      \_ control socket __/  \_ kills it, reaps it
//
// The guard is a small process of ours that waits: for the caller's end of the control socket to be
// closed, for the container and for pasta. Whichever ends first, even by kill -9, nothing stays:
// pasta dies with its guard (PR_SET_PDEATHSIG), and neither is a child that the caller would have
// to wait for. Pasta itself does not notice that a namespace is gone.
//
// Source: pasta(1), prctl(2), tun.rst of the kernel's documentation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pelagos/base/fd.h"
#include "pelagos/policy/port_map.h"

namespace pelagos::net {

struct PastaOptions {
  const Fd* netns = nullptr;  // the container's namespace (an open nsfs file); stays the caller's
  const Fd* container = nullptr;        // pidfd: pasta ends with it too. Stays the caller's
  std::vector<PortMapping> ports = {};  // fixed ones; pasta itself binds them
  std::string interface = "eth0";       // inside; at most sys::kMaxInterfaceName bytes
  uint32_t mtu = 0;                     // of it, in bytes; 0: pasta's own choice, 65520
  // The address of the gateway leads to the host's loopback interface then.
  bool reach_host_loopback = false;
  std::string program = {};  // empty: looked for in PATH
};

// Moves only.
struct [[nodiscard]] PastaProcess {
  Fd control;  // closing it ends pasta; readable once pasta has ended
};

// The words that follow the name of the program (argv[0] included). `netns` is a path for it.
std::vector<std::string> PastaArguments(const PastaOptions& options, const std::string& netns,
                                        bool as_root);

// Starts it, and returns when the interface is up, with the host's addresses and routes, and the
// ports are open. NotFound if it is not installed, FailedPrecondition if /dev/net/tun cannot be
// opened (pasta would wait for ever), InvalidArgument for ports that are not fixed,
// DeadlineExceeded if it is not ready after 10 seconds, Unknown with its own words if it ends.
absl::StatusOr<PastaProcess> StartPasta(const PastaOptions& options);

}  // namespace pelagos::net
