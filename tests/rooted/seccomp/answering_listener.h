// The program at the other end of `listenerPath`: takes the listener of a filter and answers calls.
//
// Source: seccomp_unotify(2), OCI runtime-spec config-linux.md ("The Container Process State").
#pragma once

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "pelagos/base/fd.h"

namespace pelagos::rooted {

class AnsweringListener {
 public:
  explicit AnsweringListener(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    EXPECT_LT(path.size(), sizeof(address.sun_path));
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
  }

  // The text that comes with the filter's descriptor, until the sender closes.
  std::string Accept() {
    if (!AwaitInput(socket_.get())) return "";
    const Fd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string text;
    for (;;) {
      char buffer[4096];
      alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
      iovec part = {buffer, sizeof(buffer)};
      msghdr message = {};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof(control);
      const ssize_t got = ::recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC);
      if (got <= 0) return text;
      text.append(buffer, static_cast<size_t>(got));
      const cmsghdr* header = CMSG_FIRSTHDR(&message);
      if (header == nullptr || header->cmsg_type != SCM_RIGHTS) continue;
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
      filter_ = Fd(fd);
    }
  }

  // Waits for the next call and answers it: `error` as its errno, or 0 to let it go on. Returns its
  // number, -1 if none came.
  int Answer(int error) {
    if (!AwaitInput(filter_.get())) return -1;
    seccomp_notif call = {};
    if (::ioctl(filter_.get(), SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return -1;
    seccomp_notif_resp answer = {};
    answer.id = call.id;
    answer.error = -error;
    if (error == 0) answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    EXPECT_EQ(::ioctl(filter_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer), 0) << std::strerror(errno);
    return call.data.nr;
  }

 private:
  static bool AwaitInput(int fd) {
    constexpr int kPatienceMs = 60000;
    pollfd entry = {fd, POLLIN, 0};
    const bool came = ::poll(&entry, 1, kPatienceMs) == 1 && (entry.revents & POLLIN) != 0;
    EXPECT_TRUE(came) << "nothing came";
    return came;
  }

  Fd socket_;
  Fd filter_;
};

}  // namespace pelagos::rooted
