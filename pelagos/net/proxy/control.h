// What is said between who starts pelagos-proxy and the program, over a socket (SOCK_SEQPACKET)
// that it inherits as descriptor 3:
//
//   starter                                program
//     "tcp 10.99.0.2 80" + the socket  ->    for each published socket
//     "udp fd00::2 53"   + the socket  ->
//     "go"                             ->    locks itself up
//                                      <-  "ok", or what is wrong; then it ends
//     closes its end, or dies          ->    ends
//
// The sockets are bound. Source: unix(7).
#pragma once

#include "absl/strings/string_view.h"

namespace pelagos::net {

inline constexpr int kProxyControlFd = 3;
inline constexpr absl::string_view kProxyGo = "go";
inline constexpr absl::string_view kProxyOk = "ok";
inline constexpr size_t kMostProxyWords = 1024;  // bytes of one message

}  // namespace pelagos::net
