// Ports of the host that containers want: who has them is said before anything starts, and they are
// free again when they ought to be.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/rooted/engine/network_host.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

using NetworkPortsTest = NetworkTest;

TEST_F(NetworkPortsTest, AContainerThatHoldsAPortIsNamed) {
  Sleep("web", {"-p", "8080:80", "-p", "8053:53/udp"});
  for (const char* port : {"8080:81", "0.0.0.0:8080:80", "8079-8081:79-81"}) {
    Fails({"run", "--rm", "-p", port, "busybox", "true"}, 125,
          "8080/tcp is published by container 'web'");
  }
  Fails({"run", "-d", "--rm", "--name", "late", "-p", "8053:53/udp", "busybox", "true"}, 125,
        "8053/udp is published by container 'web'");
  EXPECT_EQ(world_->Pelagos({"inspect", "late"}).code, 1) << "nothing is left of it";
  Sleep("beside",
        {"-p", "8080:80/udp", "-p", absl::StrCat(kHost, ":8080:80"), "-p", "[::1]:8080:80"});
  Fails({"run", "--rm", "-p", "[::1]:8080:80", "busybox", "true"}, 125,
        "port [::1]:8080/tcp is published by container 'beside'");
  Do({"create", "--name", "later", "-p", "8080:80", "busybox", "sleep", "1000"});
  Fails({"start", "later"}, 1, "8080/tcp is published by container 'web'");
  EXPECT_EQ(StatusOf("later"), container::Status::kCreated);
  Remove("web");
  Do({"start", "later"});
  Remove("later");
  Remove("beside");
  ExpectClean("ports that many want");
}

TEST_F(NetworkPortsTest, AProcessThatHoldsAPortIsNamed) {
  const std::string self = absl::StrCat("process ", ::getpid());
  const Fd tcp = Serve(host_, 8080), udp = Serve(host_, 8053, SOCK_DGRAM),
           tcp6 = Serve(host_, 8081, SOCK_STREAM, "::");
  const auto fails = [&](const std::string& port, const std::string& message) {
    Fails({"run", "--rm", "-p", port, "busybox", "true"}, 125, message);
  };
  fails("8080:80", absl::StrCat("port 127.0.0.1:8080/tcp is in use by ", self));
  fails("0.0.0.0:8080:80", self);
  fails("8053:80/udp", absl::StrCat("port 127.0.0.1:8053/udp is in use by ", self));
  fails("[::1]:8081:80", self);
  fails("10.77.0.1:8082:80", "no interface of this host has that address");
  EXPECT_EQ(Ruleset(), rules_);
  Sleep("web", {"-p", "8080-8085:80"});
  EXPECT_EQ(Do({"port", "web", "80"}), "127.0.0.1:8081") << "the first that is free";
  // What a container holds no process of the host gets.
  const Fd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_storage at = net::At("127.0.0.1", 8081);
  EXPECT_EQ(::bind(late.get(), net::Raw(at), sizeof(at)), -1);
  EXPECT_EQ(errno, EADDRINUSE);
  Remove("web");
  EXPECT_EQ(::bind(late.get(), net::Raw(at), sizeof(at)), 0);
  ExpectClean("ports that a process has");
}

TEST_F(NetworkPortsTest, StartedAgainByItsPolicyItHasItsPorts) {
  const std::string id =
      Do({"run", "-d", "--name", "web", "--restart", "always", "-p", "0.0.0.0:8080:80", "-p",
          "[::1]:8080:80", "-p", "[::1]:8053:53/udp", "busybox", "sh", "-c",
          "while [ ! -e /gone ]; do sleep 0.05; done; rm /gone"});
  for (int life = 0; life < 3; ++life) {
    const pid_t pid = Find("web").state.init.pid;
    Exec("web", "touch /gone");
    ASSERT_TRUE(Eventually([&] {
      const container::Found found = Find("web");
      return found.status == container::Status::kRunning && found.state.init.pid != pid;
    })) << LogOf("web");
    const Fd inside = NetnsOf("web");
    EXPECT_EQ(Talk(client_, kHost, 8080, Serve(inside, 80)), kClient);
    EXPECT_THAT(Talk(host_, "::1", 8080, Serve(inside, 80, SOCK_STREAM, "::")), HasSubstr("fd"));
    EXPECT_THAT(Talk(host_, "::1", 8053, Serve(inside, 53, SOCK_DGRAM, "::")), HasSubstr("fd"));
    EXPECT_EQ(Proxies(), 1);
  }
  Remove("web");
  ExpectClean("a container that was started again and again");
}

TEST_F(NetworkPortsTest, StoppedAndStartedAtOnce) {
  Sleep("web", {"-p", "[::]:8080:80", "-p", "8080:80"});
  for (int i = 0; i < 5; ++i) {
    Do({"restart", "-t", "0", "web"});
    // A connection that was open does not keep the port.
    EXPECT_THAT(Talk(host_, "::1", 8080, Serve(NetnsOf("web"), 80, SOCK_STREAM, "::")),
                HasSubstr("fd"));
    EXPECT_EQ(Talk(host_, "127.0.0.1", 8080, Serve(NetnsOf("web"), 80)),
              GatewayOf(AddressOf("web")));
  }
  Remove("web");
  ExpectClean("a container that was restarted");
}

TEST_F(NetworkPortsTest, InTheForegroundTheyGoWithIt) {
  const auto run = world_->Start({"run", "--rm", "-p", "0.0.0.0:8080:80", "-p", "[::1]:8080:80",
                                  "busybox", "sh", "-c", "echo up; sleep 1000"});
  ASSERT_TRUE(run->AwaitLine("up"));
  EXPECT_EQ(Proxies(), 1);
  Fails({"run", "--rm", "-p", "8080:80", "busybox", "true"}, 125, "is published by container '");
  run->Signal(SIGINT);
  run->Signal(SIGKILL);
  run->Wait();
  Do({"cleanup"});
  ExpectClean("a container in the foreground");
}

}  // namespace
}  // namespace pelagos::rooted
