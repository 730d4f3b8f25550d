// A container's terminal, handed to whoever listens at --console-socket.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "pelagos/base/fd.h"
#include "tests/rooted/oci/bundle.h"

namespace pelagos::rooted {
namespace {

constexpr int kPatienceMs = 30000;

// What a shim has: a socket that takes terminals.
class ConsoleSocket {
 public:
  explicit ConsoleSocket(std::string path) : path_(std::move(path)) {
    listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    EXPECT_LT(path_.size(), sizeof(address.sun_path));
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
              0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
  }
  const std::string& path() const { return path_; }

  // The master that somebody has handed over.
  Fd Take() {
    EXPECT_TRUE(Awaits(listener_, POLLIN));
    const Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char text[64];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    iovec part = {text, sizeof(text)};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    EXPECT_GT(::recvmsg(peer.get(), &message, MSG_CMSG_CLOEXEC), 0);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
      ADD_FAILURE() << "no descriptor came";
      return Fd();
    }
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return Fd(fd);
  }

  static bool Awaits(const Fd& fd, short events) {
    pollfd wait = {fd.get(), events, 0};
    return ::poll(&wait, 1, kPatienceMs) == 1;
  }

 private:
  std::string path_;
  Fd listener_;
};

// What a terminal shows until `word` is there, or its other side is gone.
std::string ReadUntil(const Fd& master, const std::string& word) {
  std::string text;
  while (text.find(word) == std::string::npos && ConsoleSocket::Awaits(master, POLLIN)) {
    char buffer[512];
    const ssize_t got = ::read(master.get(), buffer, sizeof(buffer));
    if (got <= 0) break;  // EIO: nobody has it open
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

class ConsoleTest : public OciTest {
 protected:
  void WriteWithTerminal(const std::string& script) {
    Write(script, [](Json& config) {
      config["process"]["terminal"] = true;
      config["process"]["consoleSize"] = {{"height", 33}, {"width", 99}};
    });
  }
};

// A caller that reads what `create` says to its end gets there, though the container lives on.
TEST_F(ConsoleTest, CreateHandsItOverAndLetsGoOfTheCallersStreams) {
  WriteWithTerminal("tty; read line; echo got $line");
  ConsoleSocket console(world_->folder() + "/tty");
  const Outcome created =
      Oci({"create", "--bundle", bundle(), "--console-socket", console.path(), "c1"});
  ASSERT_EQ(created.code, 0) << created.Describe();
  EXPECT_EQ(StatusOf("c1"), "created");
  const Fd master = console.Take();
  winsize size = {};
  EXPECT_EQ(::ioctl(master.get(), TIOCGWINSZ, &size), 0);
  EXPECT_EQ(size.ws_row, 33);
  EXPECT_EQ(size.ws_col, 99);
  Out({"start", "c1"});
  EXPECT_NE(ReadUntil(master, "/dev/pts/0\r\n").find("/dev/pts/0\r\n"), std::string::npos);
  ASSERT_EQ(::write(master.get(), "words\n", 6), 6);
  EXPECT_NE(ReadUntil(master, "got words\r\n").find("got words\r\n"), std::string::npos);
}

TEST_F(ConsoleTest, DetachedRunAndExecEndTheirOutputToo) {
  WriteWithTerminal("read line; sleep 1000");
  ConsoleSocket console(world_->folder() + "/tty");
  const Outcome ran =
      Oci({"run", "-d", "--bundle", bundle(), "--console-socket", console.path(), "c1"});
  ASSERT_EQ(ran.code, 0) << ran.Describe();
  const Fd master = console.Take();
  const Outcome entered = Oci({"exec", "-d", "-t", "--console-socket", console.path(), "c1", "sh",
                               "-c", "tty; echo in; read line; echo again $line"});
  ASSERT_EQ(entered.code, 0) << entered.Describe();
  const Fd second = console.Take();
  const std::string shown = ReadUntil(second, "in\r\n");
  EXPECT_NE(shown.find("/dev/pts/1\r\nin\r\n"), std::string::npos) << shown;
  ASSERT_EQ(::write(second.get(), "x\n", 2), 2);
  EXPECT_NE(ReadUntil(second, "again x\r\n").find("again x\r\n"), std::string::npos);
}

TEST_F(ConsoleTest, WhatCannotBeIsSaid) {
  WriteWithTerminal("true");
  ExpectFails({"create", "--bundle", bundle(), "--console-socket", bundle() + "/none", "c1"},
              "no such file or directory");
  EXPECT_EQ(StatusOf("c1"), "none");
  // A socket without a terminal to hand over.
  Write("true");
  ConsoleSocket console(world_->folder() + "/tty");
  ExpectFails({"create", "--bundle", bundle(), "--console-socket", console.path(), "c1"},
              "cannot use console socket if runc will not detach or allocate tty");
}

}  // namespace
}  // namespace pelagos::rooted
