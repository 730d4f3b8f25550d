// Who runs a container with networks and ports is killed: the next command that changes something
// leaves nothing of what the kernel and the records had for it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/rooted/engine/network_host.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;

class NetworkKilledTest : public NetworkTest {
 protected:
  // Kills who runs the container, and with it the container.
  void KillRunner(const std::string& name) {
    const container::Found found = Find(name);
    const pid_t runner = found.state.monitor.pid;
    ASSERT_GT(runner, 1);
    ASSERT_EQ(::kill(runner, SIGKILL), 0);
    ASSERT_TRUE(AwaitEnd(runner));
    ASSERT_TRUE(AwaitEnd(found.state.init.pid)) << "it dies with its runner";
    EXPECT_TRUE(Eventually([] { return Proxies() == 0; })) << "and so does the proxy";
  }
  bool HasLeft() { return absl::StrContains(Difference(before_, Look()), "+ "); }
};

TEST_F(NetworkKilledTest, AMonitor) {
  for (const Words& next :
       {Words{"rm", "-f", "web"}, Words{"run", "--rm", "-p", "8080:80", "busybox", "true"}}) {
    Sleep("web", {"-p", "0.0.0.0:8080:80", "-p", "[::1]:8080:80"});
    KillRunner("web");
    EXPECT_EQ(world_->Pelagos({"ps", "-a"}).code, 0);
    EXPECT_TRUE(HasLeft()) << "to look changes nothing";
    Do(next);
    EXPECT_EQ(Ruleset(), rules_);
    EXPECT_EQ(Shell(host_, "ip -br link show type veth | grep pv- || true"), "");
    EXPECT_EQ(Shell(host_, "ip -br link show type bridge"), "");
    Do({"rm", "-f", "web"});
    ExpectClean(absl::StrCat("a killed monitor and ", next[0]));
  }
}

TEST_F(NetworkKilledTest, AMonitorOfOneThatStaysBesideOthers) {
  Do({"network", "create", "--subnet", "10.5.0.0/24", "front"});
  Sleep("stays", {"--network", "front", "-p", "0.0.0.0:8081:80"});
  Sleep("web", {"--network", "front", "-p", "0.0.0.0:8080:80"});
  KillRunner("web");
  EXPECT_EQ(StatusOf("web"), container::Status::kLost);
  Fails({"network", "rm", "front"}, 1, "it is in use by stays");
  Do({"start", "web"});
  EXPECT_EQ(AddressOf("web"), "10.5.0.3") << "nobody has it any more";
  EXPECT_EQ(Talk(client_, kHost, 8080, Serve(NetnsOf("web"), 80)), kClient);
  EXPECT_EQ(Talk(client_, kHost, 8081, Serve(NetnsOf("stays"), 80)), kClient);
  EXPECT_EQ(net::Resolve(NetnsOf("stays"), "10.5.0.1", "web"), "10.5.0.3");
  Remove("web");
  Remove("stays");
  Do({"network", "rm", "front"});
  ExpectClean("a killed monitor beside another");
}

TEST_F(NetworkKilledTest, ARunInTheForeground) {
  for (const Words& next : {Words{"run", "--rm", "busybox", "true"}, Words{"cleanup"},
                            Words{"run", "--rm", "-p", "8080:80", "busybox", "true"}}) {
    const auto run = world_->Start({"run", "--rm", "--name", "fore", "-p", "0.0.0.0:8080:80", "-p",
                                    "[::1]:8080:80", "busybox", "sh", "-c", "echo up; sleep 1000"});
    ASSERT_TRUE(run->AwaitLine("up"));
    pid_t init = 0;
    ASSERT_TRUE(absl::SimpleAtoi(Do({"ps", "-f", "name=^fore$", "--format", "Pid"}), &init));
    run->Signal(SIGKILL);
    run->Wait();
    ASSERT_TRUE(AwaitEnd(init));
    EXPECT_TRUE(Eventually([] { return Proxies() == 0; }));
    EXPECT_EQ(world_->Pelagos({"ps"}).code, 0);
    EXPECT_TRUE(HasLeft());
    const Outcome outcome = world_->Pelagos(next);
    EXPECT_EQ(outcome.code, 0) << outcome.Describe();
    ExpectClean(absl::StrCat("a killed run and ", next[0]));
  }
}

TEST_F(NetworkKilledTest, PastasRunner) {
  Sleep("p", {"--network", "pasta", "-p", "0.0.0.0:8080:80"});
  KillRunner("p");
  Do({"run", "--rm", "busybox", "true"});
  Do({"rm", "p"});
  ExpectClean("a killed monitor of a container with pasta");
}

TEST_F(NetworkKilledTest, TheNameServer) {
  Sleep("a", {"--network", "bridge"});
  int killed = 0;
  for (pid_t pid : Descendants()) {
    const auto name = sys::ReadFile(absl::StrCat("/proc/", pid, "/comm"), 64);
    if (!name.ok() || !absl::StartsWith(*name, "pelagos-dns")) continue;
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    ASSERT_TRUE(AwaitEnd(pid));
    ++killed;
  }
  EXPECT_EQ(killed, 1);
  Sleep("b", {"--network", "bridge"});
  EXPECT_EQ(net::Resolve(NetnsOf("a"), GatewayOf(AddressOf("a")), "b"), AddressOf("b"));
  Remove("a");
  Remove("b");
  ExpectClean("a killed name server");
}

TEST_F(NetworkKilledTest, RulesAndLinksThatSomebodyTookAway) {
  Sleep("a", {"-p", "0.0.0.0:8080:80"});
  Shell(host_, "nft flush ruleset");
  rules_ = "";
  Sleep("b", {"-p", "0.0.0.0:8081:80"});
  EXPECT_EQ(Talk(client_, kHost, 8080, Serve(NetnsOf("a"), 80)), kClient) << "all are back";
  EXPECT_EQ(Talk(client_, kHost, 8081, Serve(NetnsOf("b"), 80)), kClient);
  Shell(host_, "for l in $(ls /sys/class/net | grep pg-); do ip link del $l; done");
  Remove("a");
  Remove("b");
  before_ = [&] {
    Snapshot without;
    for (const std::string& line : before_) {
      if (!absl::StartsWith(line, "nft ")) without.insert(line);
    }
    return without;
  }();
  ExpectClean("rules that were flushed");
}

}  // namespace
}  // namespace pelagos::rooted
