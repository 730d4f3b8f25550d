#include "pelagos/net/dns/udp.h"

#include <cerrno>

namespace pelagos::net {

UdpBatch::UdpBatch() : slots_(std::make_unique<std::array<Slot, kBatch>>()) {}

bool UdpBatch::Serve(const Fd& socket, OnMessage on_message) {
  for (size_t i = 0; i < kBatch; ++i) {
    Slot& slot = (*slots_)[i];
    slot.part = {slot.query.data(), slot.query.size()};
    headers_[i] = {};
    headers_[i].msg_hdr.msg_name = &slot.peer;
    headers_[i].msg_hdr.msg_namelen = sizeof(slot.peer);
    headers_[i].msg_hdr.msg_iov = &slot.part;
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
  const int received = ::recvmmsg(socket.get(), headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (received <= 0) return received < 0 && errno == EINTR;
  size_t count = 0;  // of answers; they move to the front of the headers
  for (size_t i = 0; i < static_cast<size_t>(received); ++i) {
    if ((headers_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
    Slot& slot = (*slots_)[i];
    answers_[count] =
        on_message(PeerOf(slot.peer), absl::string_view(slot.query.data(), headers_[i].msg_len));
    if (answers_[count].empty()) continue;
    slot.part = {answers_[count].data(), answers_[count].size()};
    const socklen_t peer_size = headers_[i].msg_hdr.msg_namelen;
    headers_[count].msg_hdr = {};
    headers_[count].msg_hdr.msg_name = &slot.peer;
    headers_[count].msg_hdr.msg_namelen = peer_size;
    headers_[count].msg_hdr.msg_iov = &slot.part;
    headers_[count].msg_hdr.msg_iovlen = 1;
    ++count;
  }
  for (size_t at = 0; at < count;) {
    const int sent =
        ::sendmmsg(socket.get(), &headers_[at], static_cast<unsigned>(count - at), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    // UDP may lose an answer on any road; the asker asks again.
    at += sent < 0 ? 1 : static_cast<size_t>(sent);
  }
  return static_cast<size_t>(received) == kBatch;
}

}  // namespace pelagos::net
