// Very many DNS queries from one socket, and a look at each of their answers: for the tests of
// pelagos-dns and for what compares it with others.
#pragma once

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"

namespace pelagos::net {

// A query without an id; names have no escapes. `payload` is EDNS0's, 0 for none.
inline std::string DnsQuestion(absl::string_view name, uint8_t type, uint16_t payload = 0) {
  std::string query("\0\0\1\0\0\1\0\0\0\0\0\0", 12);
  for (absl::string_view label : absl::StrSplit(name, '.', absl::SkipEmpty())) {
    query += static_cast<char>(label.size());
    query.append(label.data(), label.size());
  }
  query.append({0, 0, static_cast<char>(type), 0, 1});
  if (payload == 0) return query;
  query[11] = 1;
  query.append({0, 0, 0x29, static_cast<char>(payload >> 8), static_cast<char>(payload)});
  return query.append(6, '\0');
}

struct DnsLoad {
  uint64_t answered = 0;
  uint64_t wrong = 0;
  uint64_t lost = 0;  // no answer within the socket's SO_RCVTIMEO after the others had come
  double seconds = 0;
  std::vector<float> microseconds;  // from a query's way out to its answer
};

// Sends the queries in turn over the connected socket, always 128 at once, until `more` says
// no, and waits for the answers. `good` is asked about each one, with the index of its query.
inline DnsLoad RunDnsLoad(const Fd& socket, const std::vector<std::string>& queries,
                          absl::FunctionRef<bool(uint64_t sent)> more,
                          absl::FunctionRef<bool(size_t query, absl::string_view answer)> good) {
  constexpr size_t kWindow = 128;
  constexpr size_t kMaxGroup = 64;  // the kernel's limit
  struct Slot {
    std::string message;
    size_t query = 0;
    uint16_t id = 0;
    double sent = 0;
    bool busy = false;
  };
  std::array<Slot, kWindow> slots;
  std::array<mmsghdr, kWindow> out{}, in{};
  std::array<iovec, kWindow> parts{}, out_parts{};
  struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(uint16_t))> bytes;
  };
  std::array<Control, kWindow> controls{};
  std::vector<char> room(kWindow * 2048);
  for (size_t i = 0; i < kWindow; ++i) {
    parts[i] = {&room[i * 2048], 2048};
    in[i].msg_hdr.msg_iov = &parts[i];
    in[i].msg_hdr.msg_iovlen = 1;
  }
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  };
  DnsLoad load;
  uint64_t sent = 0;
  size_t busy = 0;
  const double begin = now();
  for (;;) {
    unsigned count = 0;  // of groups: queries of one length leave as one (UDP_SEGMENT of udp(7))
    size_t used = 0;
    const double leaving = now();
    for (size_t i = 0; i < kWindow && more(sent); ++i) {
      Slot& slot = slots[i];
      if (slot.busy) continue;
      slot.query = sent++ % queries.size();
      slot.message = queries[slot.query];
      slot.id =
          static_cast<uint16_t>(((slot.id + kWindow) & ~(kWindow - 1)) | static_cast<uint16_t>(i));
      slot.message[0] = static_cast<char>(slot.id >> 8);
      slot.message[1] = static_cast<char>(slot.id);
      slot.busy = true;
      slot.sent = leaving;
      ++busy;
      out_parts[used] = {slot.message.data(), slot.message.size()};
      msghdr* last = count == 0 ? nullptr : &out[count - 1].msg_hdr;
      if (last != nullptr && last->msg_iovlen < kMaxGroup &&
          last->msg_iov[0].iov_len == slot.message.size()) {
        ++last->msg_iovlen;
      } else {
        msghdr& header = out[count].msg_hdr;
        header = {};
        header.msg_iov = &out_parts[used];
        header.msg_iovlen = 1;
        header.msg_control = controls[count].bytes.data();
        header.msg_controllen = controls[count++].bytes.size();
        cmsghdr* segment = CMSG_FIRSTHDR(&header);
        segment->cmsg_level = IPPROTO_UDP;
        segment->cmsg_type = UDP_SEGMENT;
        segment->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        const auto length = static_cast<uint16_t>(slot.message.size());
        std::memcpy(CMSG_DATA(segment), &length, sizeof(length));
      }
      ++used;
    }
    for (unsigned at = 0; at < count;) {
      const int done = ::sendmmsg(socket.get(), &out[at], count - at, 0);
      if (done < 0 && errno == EINTR) continue;
      at += done < 0 ? count : static_cast<unsigned>(done);  // what did not go out is lost
    }
    if (busy == 0) break;
    const int received = ::recvmmsg(socket.get(), in.data(), kWindow, MSG_WAITFORONE, nullptr);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) {
      load.lost += busy;
      break;
    }
    const double arrived = now();
    for (size_t i = 0; i < static_cast<size_t>(received); ++i) {
      const absl::string_view answer(&room[i * 2048], in[i].msg_len);
      const uint16_t id = answer.size() < 12
                              ? 0
                              : static_cast<uint16_t>(static_cast<uint8_t>(answer[0]) << 8 |
                                                      static_cast<uint8_t>(answer[1]));
      Slot& slot = slots[id % kWindow];
      if (answer.size() < 12 || !slot.busy || slot.id != id) {
        ++load.wrong;
        continue;
      }
      slot.busy = false;
      --busy;
      ++load.answered;
      load.microseconds.push_back(static_cast<float>(arrived - slot.sent));
      if (!good(slot.query, answer)) ++load.wrong;
    }
  }
  load.seconds = (now() - begin) / 1e6;
  return load;
}

}  // namespace pelagos::net
