// A TCP connection attempt that waits in somebody else's epoll loop: is the port ready?
//
//   PELAGOS_ASSIGN_OR_RETURN(Probe probe, Probe::Start(address, 5432));
//   ... watch probe.fd() for EPOLLOUT; when it fires:
//   if (probe.Result() == ProbeResult::kReady) ...
//
// One attempt; trying again after a refusal, and giving up after a time, is the caller's.
// Source: connect(2), EINPROGRESS.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/fd.h"
#include "pelagos/sys/net/ipv4.h"

namespace pelagos::net {

enum class ProbeResult : uint8_t {
  kPending,  // no answer yet
  kReady,    // somebody accepted the connection
  kRefused,  // nobody listens, or nobody is there; error() says which
};

class Probe {
 public:
  // Starts to connect from the network namespace of the calling thread. An error is one of this
  // host (no descriptors left); a refusal is a Result.
  static absl::StatusOr<Probe> Start(sys::Ipv4 address, uint16_t port) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) return ErrnoStatus(errno, "socket");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(address.bits);
    int error = 0;
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) error = errno;
    return Probe(std::move(fd), error);
  }

  // Becomes writable when there is a result.
  int fd() const { return fd_.get(); }

  // Does not block. Asked again after a result, it gives the same one.
  ProbeResult Result() {
    if (error_ == EINPROGRESS) {
      pollfd wait{fd_.get(), POLLOUT, 0};
      if (::poll(&wait, 1, 0) <= 0) return ProbeResult::kPending;
      socklen_t size = sizeof(error_);
      if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error_, &size) != 0) error_ = errno;
    }
    return error_ == 0 ? ProbeResult::kReady : ProbeResult::kRefused;
  }

  // errno of a refusal (ECONNREFUSED, EHOSTUNREACH...); 0 if ready, EINPROGRESS while pending.
  int error() const { return error_; }

 private:
  Probe(Fd fd, int error) : fd_(std::move(fd)), error_(error) {}

  Fd fd_;
  int error_;
};

}  // namespace pelagos::net
