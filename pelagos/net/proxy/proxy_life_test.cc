// How pelagos-proxy begins and ends, and what it may do between.

#include <signal.h>
#include <sys/wait.h>

#include "pelagos/net/proxy/proxy_testing.h"

namespace pelagos::net {
namespace {

class ProxyLifeTest : public ProxyTest {};

TEST_F(ProxyLifeTest, EndsWithItsControlEnd) {
  const Fd port = Bind("::1", 8080, SOCK_STREAM), server = Listen("::1", 80);
  Start(port, Protocol::kTcp, "::1", 80);
  const std::optional<Fd> pidfd = Pidfd();
  ASSERT_TRUE(pidfd.has_value());
  const Fd client = Connect("::1", 8080);
  const Fd accepted = Accept(server);
  EXPECT_FALSE(Wait(*pidfd, POLLIN, 0));
  control_.reset();
  EXPECT_TRUE(Wait(*pidfd, POLLIN));
  EXPECT_EQ(Receive(accepted), "");  // and its connections with it
  // No child of ours is left, dead or alive.
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(ProxyLifeTest, EndsWhenItsHolderIsKilled) {
  const Fd port = Bind("::1", 8080, SOCK_STREAM);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const absl::StatusOr<Fd> control = StartProxy(Program(), {{&port, Protocol::kTcp, "::1", 80}});
    const char answer = control.ok() ? 'y' : 'n';
    if (::write(writer.get(), &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  writer.reset();
  char answer = 0;
  ASSERT_EQ(::read(reader.get(), &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const std::optional<Fd> pidfd = Pidfd();
  ASSERT_TRUE(pidfd.has_value());
  EXPECT_FALSE(Wait(*pidfd, POLLIN, 0));
  const Fd its_holder = sys::OpenPidfd(holder).value();
  ASSERT_TRUE(sys::Signal(its_holder, SIGKILL).ok());
  EXPECT_TRUE(Wait(*pidfd, POLLIN));
  EXPECT_EQ(::waitpid(holder, nullptr, 0), holder);
}

TEST_F(ProxyLifeTest, HasNoRights) {
  const Fd port = Bind("::1", 8080, SOCK_STREAM), udp = Bind("::1", 8080, SOCK_DGRAM);
  absl::StatusOr<Fd> control = StartProxy(
      Program(), {{&port, Protocol::kTcp, "::1", 80}, {&udp, Protocol::kUdp, "::1", 80}});
  ASSERT_TRUE(control.ok()) << control.status();
  control_ = *std::move(control);
  EXPECT_EQ(Status("CapPrm"), "0000000000000000");
  EXPECT_EQ(Status("CapEff"), "0000000000000000");
  EXPECT_EQ(Status("NoNewPrivs"), "1");
  EXPECT_EQ(Status("Seccomp"), "2");
  // Standard streams, control, epoll, two timers, two sockets: nothing of ours.
  EXPECT_EQ(Descriptors(), 9u);
}

TEST_F(ProxyLifeTest, HundredsOfPorts) {
  std::vector<Fd> ports;
  std::vector<ProxyTarget> targets;
  for (uint16_t i = 0; i < 500; ++i) {
    ports.push_back(Bind("::1", static_cast<uint16_t>(20000 + i), SOCK_STREAM));
  }
  for (const Fd& port : ports) targets.push_back({&port, Protocol::kTcp, "127.0.0.1", 80});
  absl::StatusOr<Fd> control = StartProxy(Program(), targets);
  ASSERT_TRUE(control.ok()) << control.status();
  control_ = *std::move(control);
  const Fd server = Listen("127.0.0.1", 80);
  const Fd client = Connect("::1", 20499);
  Send(Accept(server), "hello");
  EXPECT_EQ(Receive(client), "hello");
}

TEST_F(ProxyLifeTest, SaysWhatIsWrong) {
  const Fd port = Bind("::1", 8080, SOCK_STREAM);
  EXPECT_EQ(StartProxy("/nowhere", {{&port, Protocol::kTcp, "::1", 80}}).status().message(),
            "starting pelagos-proxy: '/nowhere' could not be started");
  EXPECT_EQ(StartProxy(Program(), {{&port, Protocol::kUdp, "::1", 80}}).status().message(),
            "starting pelagos-proxy: pelagos-proxy: 'udp ::1 80': the socket is another");
  EXPECT_TRUE(absl::IsInvalidArgument(
      StartProxy(Program(), {{&port, Protocol::kTcp, "host", 80}}).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(StartProxy(Program(), {{&port, Protocol::kTcp, "::1", 0}}).status()));
  const std::optional<Fd> last = Pidfd();  // on its way out, if it is there at all
  EXPECT_TRUE(!last || Wait(*last, POLLIN));
}

}  // namespace
}  // namespace pelagos::net
