#include "pelagos/net/dns/udp.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <cerrno>
#include <cstring>

namespace pelagos::net {
namespace {

constexpr size_t kMaxGroup = 60000;  // bytes: a datagram holds 65507

}  // namespace

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
  for (size_t i = 0; i < static_cast<size_t>(received); ++i) {
    Slot& slot = (*slots_)[i];
    const absl::string_view query(slot.query.data(), headers_[i].msg_len);
    const bool whole = (headers_[i].msg_hdr.msg_flags & MSG_TRUNC) == 0;
    slot.answer = whole ? on_message(PeerOf(slot.peer), query) : std::string();
    slot.peer_size = headers_[i].msg_hdr.msg_namelen;
    slot.grouped = slot.answer.empty();
  }
  Send(socket, Group(static_cast<size_t>(received)));
  return static_cast<size_t>(received) == kBatch;
}

size_t UdpBatch::Group(size_t received) {
  size_t groups = 0, used = 0;
  for (size_t i = 0; i < received; ++i) {
    Slot& first = (*slots_)[i];
    if (first.grouped) continue;
    const size_t begin = used;
    const size_t size = first.answer.size();
    parts_[used++] = {first.answer.data(), size};
    for (size_t j = i + 1; j < received && (used - begin + 1) * size <= kMaxGroup; ++j) {
      Slot& next = (*slots_)[j];
      if (next.grouped || next.answer.size() != size || next.peer_size != first.peer_size ||
          std::memcmp(&next.peer, &first.peer, first.peer_size) != 0) {
        continue;
      }
      next.grouped = true;
      parts_[used++] = {next.answer.data(), size};
    }
    msghdr& header = headers_[groups].msg_hdr;
    header = {};
    header.msg_name = &first.peer;
    header.msg_namelen = first.peer_size;
    header.msg_iov = &parts_[begin];
    header.msg_iovlen = used - begin;
    if (header.msg_iovlen > 1) {
      Control& control = controls_[groups];
      control = {};
      header.msg_control = control.bytes.data();
      header.msg_controllen = control.bytes.size();
      cmsghdr* segment = CMSG_FIRSTHDR(&header);
      segment->cmsg_level = IPPROTO_UDP;
      segment->cmsg_type = UDP_SEGMENT;
      segment->cmsg_len = CMSG_LEN(sizeof(uint16_t));
      const auto length = static_cast<uint16_t>(size);
      std::memcpy(CMSG_DATA(segment), &length, sizeof(length));
    }
    ++groups;
  }
  return groups;
}

// UDP may lose an answer on any road, and the asker asks again: errors are passed over.
void UdpBatch::Send(const Fd& socket, size_t groups) {
  for (size_t at = 0; at < groups;) {
    const int sent =
        ::sendmmsg(socket.get(), &headers_[at], static_cast<unsigned>(groups - at), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent > 0) {
      at += static_cast<size_t>(sent);
      continue;
    }
    // An interface may not take groups, or not of that length: then one by one.
    msghdr one = headers_[at++].msg_hdr;
    const size_t count = one.msg_iovlen;
    one.msg_control = nullptr;
    one.msg_controllen = 0;
    one.msg_iovlen = 1;
    for (size_t i = 0; count > 1 && i < count; ++i, ++one.msg_iov) {
      (void)::sendmsg(socket.get(), &one, MSG_NOSIGNAL);
    }
  }
}

}  // namespace pelagos::net
