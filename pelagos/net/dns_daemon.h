// The life of a run root's pelagos-dns, seen from outside: started on demand, told about changes,
// waited for at its end. Callers hold the run root's network lock, so nobody else does the same.
//
//   run/dns/control       a socket: who connects gets "ok\n" once the daemon has read its folder
//                         again and listens on every gateway, or else what went wrong
//   run/dns/daemon.lock   locked by the daemon as long as it lives; says its pid and start time
#pragma once

#include <string>

#include "absl/status/status.h"

namespace pelagos::net {

struct DnsDaemonOptions {
  std::string folder;       // run/dns
  std::string program;      // empty: pelagos-dns beside the running program
  std::string resolv_conf;  // the host's
};

// Starts it if it does not run, and returns when it answers for every network of the folder.
// DeadlineExceeded after 10 seconds without a word from it.
absl::Status EnsureDns(const DnsDaemonOptions& options);

// Tells it about a change, if it runs; starts nothing.
absl::Status ReloadDns(const DnsDaemonOptions& options);

// To be called when no network's file is left: waits for it to end (it is killed if it has not
// after 5 seconds) and removes its files. Ok if it does not run.
absl::Status StopDns(const DnsDaemonOptions& options);

}  // namespace pelagos::net
