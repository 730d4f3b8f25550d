// Whether a program inside a container listens on a TCP port, seen from outside and without
// touching it: a connection made only to ask would be the one connection that a simple server
// serves.
//
// Source: proc_pid_net(5), /proc/PID/net/tcp and tcp6, which show the network namespace of PID.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace pelagos::compose {

enum class Listening : uint8_t {
  kNot,
  kLoopbackOnly,  // on 127.0.0.1 or ::1: no other container can reach it
  kYes,
};

// Looks through the text of a tcp or tcp6 table.
Listening FindListener(absl::string_view table, uint16_t port);

// Looks into the network namespace of the process. A process that is gone does not listen.
Listening FindListenerOf(int pid, uint16_t port);

}  // namespace pelagos::compose
