// For tests of pelagos-proxy: a network namespace of their own with nothing but a loopback
// interface, sockets in it, and the program's process.
#pragma once

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pelagos/base/fd.h"
#include "pelagos/net/proxy/socket_address.h"
#include "pelagos/net/proxy/start_proxy.h"
#include "pelagos/sys/file.h"
#include "pelagos/sys/net/netlink.h"
#include "pelagos/sys/net/rtnetlink.h"
#include "pelagos/sys/process.h"

namespace pelagos::net {

inline constexpr int kSoon = 10'000;   // milliseconds, for what has to come
inline constexpr int kUnwanted = 300;  // for what must not come

inline bool Wait(const Fd& fd, short events, int milliseconds = kSoon) {
  pollfd wait = {fd.get(), events, 0};
  return ::poll(&wait, 1, milliseconds) == 1;
}

// A socket bound to the address; TCP ones do not listen. `type` may have flags.
inline Fd Bind(const std::string& address, uint16_t port, int type) {
  const SocketAddress at = ParseSocketAddress(address, port).value();
  Fd fd(::socket(at.family(), type | SOCK_CLOEXEC, 0));
  const int on = 1;
  EXPECT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
  if (at.family() == AF_INET6) {
    EXPECT_EQ(::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
  }
  EXPECT_EQ(::bind(fd.get(), at.get(), at.size), 0) << address << ": " << std::strerror(errno);
  return fd;
}

inline Fd Listen(const std::string& address, uint16_t port) {
  Fd fd = Bind(address, port, SOCK_STREAM);
  EXPECT_EQ(::listen(fd.get(), 4096), 0) << std::strerror(errno);
  return fd;
}

inline Fd Accept(const Fd& listener) {
  EXPECT_TRUE(Wait(listener, POLLIN));
  Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(fd.valid()) << std::strerror(errno);
  return fd;
}

// A blocking socket that is connected.
inline Fd Connect(const std::string& address, uint16_t port, int type = SOCK_STREAM) {
  const SocketAddress to = ParseSocketAddress(address, port).value();
  Fd fd(::socket(to.family(), type | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), to.get(), to.size), 0) << std::strerror(errno);
  return fd;
}

inline void Send(const Fd& fd, absl::string_view text) {
  EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()))
      << std::strerror(errno);
}

// What comes next, at most `most` bytes; "" at the end, or the error's words.
inline std::string Receive(const Fd& fd, size_t most = 4096) {
  if (!Wait(fd, POLLIN)) return "silence";
  std::string text(most, '\0');
  const ssize_t size = ::recv(fd.get(), text.data(), text.size(), 0);
  if (size < 0) return std::strerror(errno);
  text.resize(static_cast<size_t>(size));
  return text;
}

// An end that resets its connection instead of closing it.
inline void Vanish(Fd fd) {
  const linger reset = {1, 0};
  EXPECT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
}

class ProxyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "unshare: " << std::strerror(errno);
    sys::NetlinkSocket socket = sys::NetlinkSocket::Open(NETLINK_ROUTE).value();
    sys::MessageBatch up;
    sys::SetUp(up, 1, "lo");
    ASSERT_TRUE(socket.Execute(up).ok());
  }
  void TearDown() override {
    if (!control_.valid()) return;
    const std::optional<Fd> pidfd = Pidfd();
    control_.reset();
    EXPECT_TRUE(!pidfd || Wait(*pidfd, POLLIN)) << "the proxy does not end";
  }

  static std::string Program() {
    char path[PATH_MAX];
    EXPECT_NE(::realpath("pelagos/net/proxy/pelagos-proxy", path), nullptr);
    return path;
  }

  void Start(const Fd& socket, Protocol protocol, const std::string& address, uint16_t port,
             absl::Duration udp_idle = kProxyUdpIdle) {
    absl::StatusOr<Fd> control =
        StartProxy(Program(), {{&socket, protocol, address, port}}, udp_idle);
    ASSERT_TRUE(control.ok()) << control.status();
    control_ = *std::move(control);
  }

  // The proxy of this test: the one in its network namespace. 0 if there is none.
  static pid_t Pid() {
    struct stat own = {};
    EXPECT_EQ(::stat("/proc/thread-self/ns/net", &own), 0);
    const std::vector<std::string> names = sys::ListFolder("/proc").value();
    for (const std::string& name : names) {
      pid_t pid = 0;
      if (!absl::SimpleAtoi(name, &pid)) continue;
      const std::string folder = absl::StrCat("/proc/", pid);
      struct stat its = {};
      if (::stat((folder + "/ns/net").c_str(), &its) != 0 || its.st_ino != own.st_ino) continue;
      if (sys::ReadFile(folder + "/comm", 64).value_or("") == "pelagos-proxy\n") return pid;
    }
    return 0;
  }
  static std::optional<Fd> Pidfd() {
    absl::StatusOr<Fd> pidfd = sys::OpenPidfd(Pid());
    return pidfd.ok() ? std::optional<Fd>(*std::move(pidfd)) : std::nullopt;
  }
  // Open descriptors of the proxy.
  static size_t Descriptors() {
    return sys::ListFolder(absl::StrCat("/proc/", Pid(), "/fd")).value().size();
  }
  // A line of its /proc/PID/status, without its name.
  static std::string Status(absl::string_view field) {
    const std::string text =
        sys::ReadFile(absl::StrCat("/proc/", Pid(), "/status"), 65536).value_or("");
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      if (absl::StartsWith(line, field)) {
        return std::string(absl::StripAsciiWhitespace(line.substr(field.size() + 1)));
      }
    }
    return "";
  }
  // Bytes of memory that it has.
  static size_t Memory() {
    size_t kilobytes = 0;
    const std::string text = Status("VmRSS");
    EXPECT_TRUE(absl::SimpleAtoi(text.substr(0, text.find(' ')), &kilobytes)) << text;
    return kilobytes << 10;
  }

  Fd control_;
};

}  // namespace pelagos::net
