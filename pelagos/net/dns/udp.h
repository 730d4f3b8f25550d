// Datagrams by the dozen: one system call for up to kBatch queries, one for their answers
// (recvmmsg(2), sendmmsg(2)).
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/dns/sockets.h"

namespace pelagos::net {

class UdpBatch {
 public:
  static constexpr size_t kBatch = 64;
  static constexpr size_t kLongestQuery = 2048;  // bytes; longer ones are dropped

  // The answer to one message; empty: none (now).
  using OnMessage = absl::FunctionRef<std::string(const Peer& from, absl::string_view message)>;

  UdpBatch();

  // Answers what waits at `socket`, at most kBatch messages. True if there may be more.
  bool Serve(const Fd& socket, OnMessage on_message);

 private:
  struct Slot {
    std::array<char, kLongestQuery> query;
    sockaddr_storage peer;
    iovec part;
  };
  std::unique_ptr<std::array<Slot, kBatch>> slots_;
  std::array<mmsghdr, kBatch> headers_{};
  std::array<std::string, kBatch> answers_;
};

}  // namespace pelagos::net
