// What a monitor and those who attach to its container say to each other, over a socket of
// SOCK_SEQPACKET: one packet a message, its kind first.
//
//   RUN/containers/ID/attach.sock     where the monitor listens while the container runs
//
//   to the monitor                    from the monitor
//     i BYTES  for the program          o BYTES  of its standard output, or its terminal
//     e        nothing more comes       e BYTES  of its standard error
//     w R C    the size of our          x CODE   it ended; the last message
//              terminal
//     s N      a signal for it
//
// R and C are two bytes each, little end first; CODE and N one. Who attaches gets what is written
// from then on: what came before is in the log. A packet's bytes are at most kMostBytes. The
// monitor waits for those who do not read, and with it the program: as with a pipe.
//
// Source: unix(7).
#pragma once

#include <cstddef>

namespace pelagos::container {

inline constexpr char kAttachSocket[] = "attach.sock";
inline constexpr size_t kMostAttachBytes = 16384;  // beside the kind

// To the monitor.
inline constexpr char kAttachInput = 'i';
inline constexpr char kAttachInputEnd = 'e';
inline constexpr char kAttachWindow = 'w';
inline constexpr char kAttachSignal = 's';

// From the monitor.
inline constexpr char kAttachStdout = 'o';
inline constexpr char kAttachStderr = 'e';
inline constexpr char kAttachExit = 'x';

}  // namespace pelagos::container
