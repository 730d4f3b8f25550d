// What a monitor and those who attach to its container say to each other, over a socket of
// SOCK_SEQPACKET: one packet a message, its kind first.
//
//   RUN/containers/ID/attach.sock     where the monitor listens while the container runs
//
//   to the monitor                    from the monitor
//     i BYTES  for the program          o BYTES  of its standard output, or its terminal
//     e        nothing more comes       e BYTES  of its standard error
//     w R C    the size of our          g        one 'i' was handed on, and another may come
//              terminal                 x CODE   it ended; the last message
//     s N      a signal for it
//     q        no output, please: the end alone
//
// R and C are two bytes each, little end first; CODE and N one. Who attaches gets what is written
// from then on: what came before is in the log. A packet's bytes are at most kMostAttachBytes. The
// monitor waits for those who do not read, and with it the program: as with a pipe. Nobody sends
// more than kMostInputAhead of 'i' without a 'g' for them, so that what else he says, a signal, is
// never behind input which the program does not take; who does is disconnected.
//
// Source: unix(7).
#pragma once

#include <cstddef>

namespace pelagos::container {

inline constexpr char kAttachSocket[] = "attach.sock";
inline constexpr size_t kMostAttachBytes = 16384;  // beside the kind

inline constexpr int kMostInputAhead = 4;

// To the monitor.
inline constexpr char kAttachInput = 'i';
inline constexpr char kAttachInputEnd = 'e';
inline constexpr char kAttachWindow = 'w';
inline constexpr char kAttachSignal = 's';
inline constexpr char kAttachQuiet = 'q';

// From the monitor.
inline constexpr char kAttachStdout = 'o';
inline constexpr char kAttachStderr = 'e';
inline constexpr char kAttachGo = 'g';
inline constexpr char kAttachExit = 'x';

}  // namespace pelagos::container
