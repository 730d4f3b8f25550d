// A world with a pelagos-dns whose network's files the test itself writes: the outside plays the
// containers, 192.0.2.0/24 is the network, the host its gateway.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "pelagos/net/dns/message.h"
#include "pelagos/net/dns/zone_files.h"
#include "pelagos/net/dns_daemon.h"
#include "tests/rooted/net_test/dns_load.h"
#include "tests/rooted/net_test/world.h"

namespace pelagos::net {

inline constexpr char kGateway[] = "192.0.2.1";
inline constexpr uint8_t kA = 1, kPtr = 12, kAaaa = 28;

class DnsTest : public World {
 protected:
  void SetUp() override {
    World::SetUp();
    if (folder_.empty()) return;
    for (const auto& [netns, name, address] :
         {std::tuple(&host_, "up0", "fd00:77::1"), std::tuple(&outside_, "eth0", "fd00:77::2")}) {
      sys::NetlinkSocket socket = sys::NetlinkSocket::OpenIn(NETLINK_ROUTE, *netns).value();
      sys::MessageBatch batch;
      sys::AddAddress(batch, (*sys::FindLink(socket, name))->index, Ip6(address), 64);
      ASSERT_EQ(socket.Execute(batch), absl::OkStatus());
    }
    ASSERT_TRUE(sys::MakeFolders(folder_ + "/dns", 0700).ok());
    head_.gateway = Ip(kGateway);
    head_.gateway6 = Ip6("fd00:77::1");
    head_.domain = "shop-net";
    ASSERT_EQ(Files().WriteNetwork("net", head_), absl::OkStatus());
    ASSERT_EQ(Files().WriteHost("net", {Ip("192.0.2.2"), Ip6("fd00:77::2"), "me", {"me"}, {}}),
              absl::OkStatus());
    Program(dns_);
    ASSERT_EQ(EnsureDns(dns_), absl::OkStatus());
  }
  void TearDown() override {
    if (!folder_.empty()) {
      EXPECT_EQ(Files().RemoveNetwork("net"), absl::OkStatus());
      EXPECT_EQ(StopDns(dns_), absl::OkStatus());
      EXPECT_EQ(Daemons(), "");
    }
    World::TearDown();
  }

  void Program(DnsDaemonOptions& options) const {
    char path[4096];
    ASSERT_NE(::realpath("pelagos/net/dns/pelagos-dns", path), nullptr);
    options = {folder_ + "/dns", path, folder_ + "/resolv.conf"};
  }
  ZoneFiles Files() const { return ZoneFiles(folder_ + "/dns"); }
  void Host(const std::string& address, const std::string& owner, const std::string& name) const {
    ASSERT_EQ(Files().WriteHost("net", {Ip(address), {}, owner, {name}, {}}), absl::OkStatus());
  }
  std::string Ask(const std::string& name, uint8_t type = kA) const {
    return Resolve(outside_, kGateway, name, type);
  }

  // A socket of the asker's, connected to the gateway, that waits 10 seconds at most.
  Fd Connect(int type, const std::string& gateway = kGateway) const {
    return In(outside_, [&] {
      const sockaddr_storage to = At(gateway, 53);
      Fd fd(::socket(to.ss_family, type | SOCK_CLOEXEC, 0));
      const timeval patience{10, 0};
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
      EXPECT_EQ(::connect(fd.get(), Raw(to), sizeof(to)), 0) << std::strerror(errno);
      return fd;
    });
  }
  static std::string Exchange(const Fd& fd, const std::string& message) {
    EXPECT_EQ(::send(fd.get(), message.data(), message.size(), 0),
              static_cast<ssize_t>(message.size()));
    std::string answer(1 << 16, '\0');
    const ssize_t size = ::recv(fd.get(), answer.data(), answer.size(), 0);
    EXPECT_GE(size, 12) << std::strerror(errno);
    answer.resize(size < 12 ? 12 : static_cast<size_t>(size));
    return answer;
  }
  static std::string Framed(const std::string& message) {
    return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} +
           message;
  }
  // The next message of a stream; empty at its end.
  static std::string Next(const Fd& fd) {
    unsigned char size[2];
    if (::recv(fd.get(), size, 2, MSG_WAITALL) != 2) return "";
    std::string message(static_cast<size_t>(size[0] << 8 | size[1]), '\0');
    EXPECT_EQ(::recv(fd.get(), message.data(), message.size(), MSG_WAITALL),
              static_cast<ssize_t>(message.size()));
    return message;
  }
  static int Records(absl::string_view answer) {
    return static_cast<uint8_t>(answer[6]) << 8 | static_cast<uint8_t>(answer[7]);
  }
  // Resident memory of the daemon, in kB (proc(5)).
  int64_t Memory() const {
    const std::string pid(absl::StripAsciiWhitespace(Daemons()));
    const std::string text =
        sys::ReadFile(absl::StrCat("/proc/", pid, "/status"), 1 << 16).value_or("");
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
      int64_t kilobytes = 0;
      if (absl::StartsWith(line, "VmRSS:") && absl::SimpleAtoi(words.at(1), &kilobytes)) {
        return kilobytes;
      }
    }
    ADD_FAILURE() << "no memory of '" << pid << "'";
    return 0;
  }

  ZoneHead head_;
  DnsDaemonOptions dns_;
};

}  // namespace pelagos::net
