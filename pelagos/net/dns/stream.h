// DNS messages on a TCP connection: each with its length before it. Never blocks.
//
// Source: RFC 1035 section 4.2.2, RFC 7766 (several queries at once, answers in any order).
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "pelagos/base/fd.h"

namespace pelagos::net {

class DnsStream {
 public:
  enum class State : uint8_t { kOpen, kEnd, kBroken };
  // True to go on with the next message.
  using OnMessage = std::function<bool(absl::string_view message)>;

  // `max_message` is the longest that may come in, in bytes; a longer one breaks the stream.
  DnsStream(Fd fd, size_t max_message) : fd_(std::move(fd)), max_message_(max_message) {}

  int fd() const { return fd_.get(); }
  // Bytes that wait to be sent.
  size_t pending() const { return out_.size(); }

  // At most 65535 bytes.
  void Add(absl::string_view message) {
    out_.push_back(static_cast<char>(message.size() >> 8));
    out_.push_back(static_cast<char>(message.size()));
    out_.append(message.data(), message.size());
  }

  // Sends what the kernel takes.
  State Flush() {
    size_t sent = 0;
    State state = State::kOpen;
    while (sent < out_.size()) {
      const ssize_t size = ::send(fd_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) {
        if (errno != EAGAIN) state = State::kBroken;
        break;
      }
      sent += static_cast<size_t>(size);
    }
    out_.erase(0, sent);
    return state;
  }

  // Calls `on_message` for the messages that are there. One read(2) at most, so that others get
  // their turn.
  State Receive(const OnMessage& on_message) {
    char buffer[8192];
    const ssize_t size = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR ? State::kOpen : State::kBroken;
    in_.append(buffer, static_cast<size_t>(size));
    const State state = Deliver(on_message);
    return state == State::kOpen && size == 0 ? State::kEnd : state;
  }

  // The same for messages that came before `on_message` had enough.
  State Deliver(const OnMessage& on_message) {
    size_t at = 0;
    bool more = true;
    State state = State::kOpen;
    while (more && in_.size() - at >= 2) {
      const size_t length = static_cast<size_t>(static_cast<uint8_t>(in_[at]) << 8 |
                                                static_cast<uint8_t>(in_[at + 1]));
      if (length > max_message_) state = State::kBroken;
      if (state == State::kBroken || in_.size() - at - 2 < length) break;
      more = on_message(absl::string_view(in_).substr(at + 2, length));
      at += 2 + length;
    }
    in_.erase(0, at);
    return state;
  }

 private:
  Fd fd_;
  size_t max_message_;
  std::string in_, out_;
};

}  // namespace pelagos::net
