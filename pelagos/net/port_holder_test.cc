#include "pelagos/net/port_holder.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "pelagos/base/fd.h"

namespace pelagos::net {
namespace {

TEST(PortHolderTest, ReadsTheKernelsTable) {
  constexpr char kTable[] =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "4711 1 0000000000000000 100 0 0 10 0\n"
      "   1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 "
      "4712 1 0000000000000000 100 0 0 10 0\n"
      "   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "4713 1 0000000000000000 100 0 0 10 0\n";
  EXPECT_EQ(SocketsOf(kTable, Protocol::kTcp, 8080), std::vector<std::string>{"4711"});
  EXPECT_EQ(SocketsOf(kTable, Protocol::kUdp, 8080), (std::vector<std::string>{"4711", "4712"}));
  EXPECT_TRUE(SocketsOf(kTable, Protocol::kTcp, 80).empty());
  EXPECT_TRUE(SocketsOf("nothing", Protocol::kTcp, 80).empty());
}

TEST(PortHolderTest, FindsThisProcess) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
  ASSERT_EQ(::listen(fd.get(), 1), 0);
  socklen_t size = sizeof(at);
  ASSERT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
  EXPECT_EQ(DescribePortHolder(Protocol::kTcp, ntohs(at.sin_port)),
            absl::StrCat("process ", ::getpid(), " (port_holder_tes)"));
  EXPECT_EQ(DescribePortHolder(Protocol::kUdp, 1), "a process of this host");
}

}  // namespace
}  // namespace pelagos::net
