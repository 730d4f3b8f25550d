#include "pelagos/net/probe.h"

#include <gtest/gtest.h>

namespace pelagos::net {
namespace {

constexpr sys::Ipv4 kLoopback{0x7f000001};

// A socket bound to a port of 127.0.0.1 that was free.
struct BoundSocket {
  BoundSocket() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(kLoopback.bits);
    socklen_t size = sizeof(at);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port = ntohs(at.sin_port);
  }
  Fd fd;
  uint16_t port = 0;
};

ProbeResult Wait(Probe& probe) {
  pollfd wait{probe.fd(), POLLOUT, 0};
  EXPECT_EQ(::poll(&wait, 1, 5000), 1);
  return probe.Result();
}

TEST(ProbeTest, SaysReadyOnceSomebodyListens) {
  BoundSocket socket;
  Probe early = Probe::Start(kLoopback, socket.port).value();
  EXPECT_EQ(Wait(early), ProbeResult::kRefused);
  EXPECT_EQ(early.error(), ECONNREFUSED);
  EXPECT_EQ(early.Result(), ProbeResult::kRefused);

  ASSERT_EQ(::listen(socket.fd.get(), 1), 0);
  Probe probe = Probe::Start(kLoopback, socket.port).value();
  EXPECT_EQ(Wait(probe), ProbeResult::kReady);
  EXPECT_EQ(probe.Result(), ProbeResult::kReady);
  EXPECT_EQ(probe.error(), 0);
}

TEST(ProbeTest, AFullQueueIsPending) {
  BoundSocket socket;
  ASSERT_EQ(::listen(socket.fd.get(), 0), 0);
  Probe first = Probe::Start(kLoopback, socket.port).value();
  EXPECT_EQ(Wait(first), ProbeResult::kReady);
  // Nobody accepts the first: the kernel lets the next one wait.
  Probe second = Probe::Start(kLoopback, socket.port).value();
  EXPECT_EQ(second.Result(), ProbeResult::kPending);
  EXPECT_EQ(second.error(), EINPROGRESS);
}

}  // namespace
}  // namespace pelagos::net
