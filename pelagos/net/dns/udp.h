// Datagrams by the dozen: one system call for up to kBatch queries, one for their answers
// (recvmmsg(2), sendmmsg(2)). Answers of one length to one asker leave as one, which the kernel
// takes apart where they arrive (UDP_SEGMENT of udp(7)).
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
    socklen_t peer_size;
    iovec part;
    std::string answer;
    bool grouped;
  };
  // Ancillary data of a group: the length of its answers.
  struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(uint16_t))> bytes;
  };

  // Makes headers of the answers of the first `received` slots; the value is their number.
  size_t Group(size_t received);
  void Send(const Fd& socket, size_t groups);

  std::unique_ptr<std::array<Slot, kBatch>> slots_;
  std::array<mmsghdr, kBatch> headers_{};
  std::array<iovec, kBatch> parts_{};  // of the answers, those of a group beside each other
  std::array<Control, kBatch> controls_{};
};

}  // namespace pelagos::net
