// An HTTP proxy for tests, in the test's own process: all names lead to one port of 127.0.0.1.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "pelagos/base/fd.h"

namespace pelagos::rooted {

// CONNECT becomes a tunnel; everything else is passed on as it is, with its whole URL. A thread per
// connection. Source: RFC 9110, 9.3.6; RFC 9112, 3.2.2.
class SmallProxy {
 public:
  explicit SmallProxy(int target_port) : target_port_(target_port) {
    listener_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_.get(), Generic(address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    EXPECT_EQ(::getsockname(listener_.get(), Generic(address), &size), 0);
    port_ = ntohs(address.sin_port);
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    ended_ = Fd(ends[0]);
    ending_ = Fd(ends[1]);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~SmallProxy() {
    ending_.reset();  // everybody who polls sees it
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
  }
  SmallProxy(const SmallProxy&) = delete;
  SmallProxy& operator=(const SmallProxy&) = delete;

  // "http://127.0.0.1:PORT", with "USER:PASSWORD@" if they are given.
  std::string Url(const std::string& user = "") const {
    return absl::StrCat("http://", user.empty() ? "" : user + "@", "127.0.0.1:", port_);
  }
  // The heads of the first requests of all connections so far.
  std::vector<std::string> heads() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return heads_;
  }
  bool Saw(const std::string& text) {
    for (const std::string& head : heads()) {
      if (absl::StrContains(head, text)) return true;
    }
    return false;
  }
  // Answers so from now on, instead of passing on.
  void Refuse(const std::string& answer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    refusal_ = answer;
  }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static sockaddr* Generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }
  static bool SendAll(const Fd& fd, const char* bytes, size_t size) {
    while (size > 0) {
      const ssize_t count = ::send(fd.get(), bytes, size, MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes += count;
      size -= static_cast<size_t>(count);
    }
    return true;
  }

  void Accept() {
    for (;;) {
      pollfd fds[] = {{listener_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0) continue;
      if (fds[1].revents != 0) return;
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) threads_.emplace_back([this, fd] { Serve(Fd(fd)); });
    }
  }

  void Serve(Fd client) {
    std::string head;
    char bytes[65536];
    while (!absl::StrContains(head, "\r\n\r\n")) {
      pollfd fds[] = {{client.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0 || fds[1].revents != 0) return;
      const ssize_t count = ::recv(client.get(), bytes, sizeof(bytes), 0);
      if (count <= 0) return;
      head.append(bytes, static_cast<size_t>(count));
    }
    std::string refusal;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      heads_.push_back(head);
      refusal = refusal_;
    }
    if (!refusal.empty()) {
      SendAll(client, refusal.data(), refusal.size());
      return;
    }
    const Fd target(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = Loopback(target_port_);
    if (::connect(target.get(), Generic(address), sizeof(address)) != 0) return;
    constexpr char kMade[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    const bool tunnel = absl::StartsWith(head, "CONNECT ");
    const bool sent = tunnel ? SendAll(client, kMade, sizeof(kMade) - 1)
                             : SendAll(target, head.data(), head.size());
    if (!sent) return;
    for (;;) {
      pollfd fds[] = {
          {client.get(), POLLIN, 0}, {target.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
      if (::poll(fds, 3, -1) < 0 || fds[2].revents != 0) return;
      for (const bool from_client : {true, false}) {
        if (fds[from_client ? 0 : 1].revents == 0) continue;
        const ssize_t count =
            ::recv((from_client ? client : target).get(), bytes, sizeof(bytes), 0);
        if (count <= 0) return;
        if (!SendAll(from_client ? target : client, bytes, static_cast<size_t>(count))) return;
      }
    }
  }

  const int target_port_;
  int port_ = 0;
  Fd listener_, ended_, ending_;
  std::thread acceptor_;
  std::list<std::thread> threads_;
  std::mutex mutex_;
  std::vector<std::string> heads_;
  std::string refusal_;
};

}  // namespace pelagos::rooted
