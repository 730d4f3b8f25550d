// `pelagos network`: what its commands say and do, on containers that run and that do not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/rooted/engine/network_host.h"

namespace pelagos::rooted {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class NetworkCommandTest : public NetworkTest {
 protected:
  nlohmann::json Inspect(const std::string& name) {
    const auto json = nlohmann::json::parse(Do({"network", "inspect", name}), nullptr, false);
    EXPECT_TRUE(json.is_array() && json.size() == 1) << json.dump();
    return json.is_array() && json.size() == 1 ? json[0] : nlohmann::json::object();
  }
  std::string Links(const std::string& name) { return Exec(name, "ls /sys/class/net | xargs"); }
};

TEST_F(NetworkCommandTest, ANetworkOutlivesItsContainersItsBridgeDoesNot) {
  EXPECT_EQ(Do({"network", "create", "--subnet", "10.5.0.0/24", "--gateway", "10.5.0.9", "--label",
                "for=tests", "--mtu", "1400", "front"}),
            "front");
  EXPECT_EQ(Shell(host_, "ip -br link show type bridge"), "") << "nobody is in it";
  EXPECT_EQ(Do({"network", "ls", "-q"}), "front");
  EXPECT_EQ(Do({"network", "ls", "-q", "-f", "label=for=tests", "-f", "dangling=true"}), "front");
  EXPECT_EQ(Do({"network", "ls", "-q", "-f", "dangling=false"}), "");
  Sleep("a", {"--network", "front"});
  Sleep("b", {"--network", "front:ip=10.5.0.77,alias=db"});
  EXPECT_THAT(Shell(host_, "ip -br link show type bridge"), HasSubstr("pg-"));
  EXPECT_EQ(Do({"network", "ls", "-q", "-f", "dangling=false"}), "front");
  EXPECT_EQ(Do({"network", "ls", "--format", "Name,Subnet,Containers"}), "front\t10.5.0.0/24\t2");
  const nlohmann::json front = Inspect("front");
  EXPECT_EQ(front["IPAM"]["Config"][0]["Gateway"], "10.5.0.9");
  EXPECT_EQ(front["Labels"]["for"], "tests");
  const nlohmann::json b = front["Containers"][Find("b").id];
  EXPECT_EQ(b["Name"], "b") << b.dump();
  EXPECT_EQ(b["IPv4Address"], "10.5.0.77/24");
  EXPECT_EQ(Exec("a", "cat /sys/class/net/eth0/mtu"), "1400");
  EXPECT_THAT(Exec("a", "ip route"), HasSubstr("default via 10.5.0.9"));
  const Outcome refused = world_->Pelagos({"network", "rm", "front"});
  EXPECT_EQ(refused.code, 1) << refused.Describe();
  EXPECT_TRUE(absl::StrContains(refused.err, "it is in use by a, b;") ||
              absl::StrContains(refused.err, "it is in use by b, a;"))
      << refused.err;
  Fails({"network", "create", "front"}, 1, "a network of this name exists already");
  Fails({"network", "create", "--subnet", "10.5.0.128/25", "more"}, 1, "network 'front'");
  Fails({"network", "create", "--subnet", "192.0.2.0/25", "more"}, 1, "192.0.2.0/24");
  Fails({"network", "create", "host"}, 2, "is a mode of --network");
  Fails({"network", "create", "bridge"}, 1, "it is the default network");
  Fails({"network", "inspect", "fronts"}, 1, "did you mean 'front'");
  Remove("a");
  Remove("b");
  EXPECT_EQ(Do({"network", "ls", "-q"}), "front");
  ExpectClean("a network without containers");
  EXPECT_EQ(Do({"network", "rm", "front"}), "front");
  Fails({"network", "rm", "front"}, 1, "no network is named 'front'");
  EXPECT_EQ(Do({"network", "rm", "-f", "front"}), "");
  Fails({"run", "--rm", "--network", "front", "busybox", "true"}, 125,
        "there is no network 'front'; 'pelagos network create front' makes one");
}

TEST_F(NetworkCommandTest, ConnectedWhileItRunsItIsThereAtItsNextStartToo) {
  Do({"network", "create", "--subnet", "10.5.0.0/24", "front"});
  Do({"network", "create", "--subnet", "10.6.0.0/24", "back"});
  Sleep("peer", {"--network", "back"});
  Sleep("web", {"--network", "front"});
  EXPECT_EQ(Links("web"), "eth0 lo");
  EXPECT_EQ(Do({"network", "connect", "--alias", "site", "--ip", "10.6.0.44", "back", "web"}), "");
  EXPECT_EQ(Links("web"), "eth0 eth1 lo");
  EXPECT_EQ(AddressOf("web", "eth1"), "10.6.0.44");
  const Fd web = NetnsOf("web");
  EXPECT_EQ(Talk(NetnsOf("peer"), "10.6.0.44", 80, Serve(web, 80)), "10.6.0.2");
  EXPECT_EQ(net::Resolve(NetnsOf("peer"), "10.6.0.1", "site"), "10.6.0.44");
  EXPECT_EQ(net::Resolve(web, "10.5.0.1", "peer"), "10.6.0.2") << "its name servers know it, too";
  EXPECT_THAT(Exec("web", "cat /etc/hosts"), HasSubstr("10.6.0.44"));
  Fails({"network", "connect", "back", "web"}, 1, "is in network 'back' already");
  Do({"restart", "-t", "0", "web"});
  EXPECT_EQ(AddressOf("web", "eth1"), "10.6.0.44");
  EXPECT_EQ(net::Resolve(NetnsOf("peer"), "10.6.0.1", "site"), "10.6.0.44");
  EXPECT_EQ(Do({"network", "disconnect", "front", "web"}), "");
  EXPECT_EQ(Links("web"), "eth1 lo");
  EXPECT_THAT(Exec("web", "ip route"), HasSubstr("default via 10.6.0.1 dev eth1"));
  EXPECT_EQ(net::Resolve(NetnsOf("web"), "10.6.0.1", "peer"), "10.6.0.2");
  EXPECT_THAT(Exec("web", "cat /etc/resolv.conf"), HasSubstr("nameserver 10.6.0.1"));
  EXPECT_THAT(Exec("web", "cat /etc/hosts"), Not(HasSubstr("10.5.0.")));
  Do({"restart", "-t", "0", "web"});
  EXPECT_EQ(Links("web"), "eth0 lo");
  EXPECT_EQ(AddressOf("web"), "10.6.0.44");
  Fails({"network", "disconnect", "front", "web"}, 1, "it is not in network 'front'");
  Do({"network", "disconnect", "back", "web"});
  EXPECT_EQ(Links("web"), "lo");
  Do({"network", "connect", "bridge", "web"});
  EXPECT_EQ(Links("web"), "eth0 lo");
  Remove("web");
  Remove("peer");
  Do({"network", "rm", "front", "back"});
  ExpectClean("a container that changed its networks");
}

TEST_F(NetworkCommandTest, StoppedContainersJoinAtTheirStart) {
  Do({"network", "create", "front"});
  Do({"network", "create", "back"});
  Do({"create", "--name", "web", "--network", "front", "busybox", "sleep", "1000"});
  Do({"network", "connect", "--alias", "w", "back", "web"});
  Fails({"network", "connect", "back", "web"}, 1, "is in network 'back' already");
  Fails({"network", "connect", "away", "web"}, 1, "there is no network 'away'");
  Do({"network", "disconnect", "front", "web"});
  Fails({"network", "disconnect", "front", "web"}, 1, "is not in network 'front'");
  Do({"start", "web"});
  EXPECT_EQ(Links("web"), "eth0 lo");
  EXPECT_EQ(Inspect("back")["Containers"].size(), 1u);
  EXPECT_EQ(Inspect("front")["Containers"].size(), 0u);
  Do({"stop", "-t", "0", "web"});
  EXPECT_EQ(Inspect("back")["Containers"].size(), 0u);
  // Nobody is in them, but one of them is asked for at the next start.
  EXPECT_EQ(Do({"network", "prune", "-f"}), "Deleted Networks:\nfront");
  Do({"rm", "web"});
  EXPECT_EQ(Do({"network", "prune", "-f"}), "Deleted Networks:\nback");
  ExpectClean("a stopped container's networks");
}

TEST_F(NetworkCommandTest, RemovedByForceItsContainersLeaveIt) {
  Do({"network", "create", "front"});
  Sleep("a", {"--network", "front"});
  Sleep("b", {"--network", "front", "--network", "bridge"});
  EXPECT_EQ(Do({"network", "rm", "-f", "front"}), "front");
  EXPECT_EQ(Links("a"), "lo");
  EXPECT_EQ(Links("b"), "eth1 lo");
  EXPECT_EQ(StatusOf("a"), container::Status::kRunning);
  Do({"restart", "-t", "0", "a"});
  Remove("a");
  Remove("b");
  ExpectClean("a network that was removed by force");
}

TEST_F(NetworkCommandTest, PublishedPortsFollowTheNetworks) {
  Do({"network", "create", "front"});
  Do({"network", "create", "back"});
  Sleep("web", {"--network", "front", "-p", "0.0.0.0:8080:80"});
  Fails({"network", "disconnect", "front", "web"}, 1, "its only one; connect it to another one");
  Do({"network", "connect", "back", "web"});
  Do({"network", "disconnect", "front", "web"});
  EXPECT_EQ(Talk(client_, kHost, 8080, Serve(NetnsOf("web"), 80)), kClient);
  Do({"restart", "-t", "0", "web"});
  EXPECT_EQ(Talk(client_, kHost, 8080, Serve(NetnsOf("web"), 80)), kClient);
  Remove("web");
  Do({"network", "rm", "front", "back"});
  ExpectClean("ports that moved");
}

TEST_F(NetworkCommandTest, WhatIsShownIsTrue) {
  Do({"network", "create", "--subnet", "10.5.0.0/24", "front"});
  Sleep("web", {"--network", "front", "--mac-address", "02:42:0a:05:00:99", "-p", "0.0.0.0:8080:80",
                "-p", "[::1]:8081:81"});
  Sleep("other", {"--network", "bridge"});
  EXPECT_EQ(Do({"ps", "-q", "-f", "network=front"}), Do({"ps", "-q", "-f", "name=^web$"}));
  EXPECT_EQ(Do({"ps", "-q", "-f", "publish=8080"}), Do({"ps", "-q", "-f", "name=^web$"}));
  EXPECT_EQ(Do({"ps", "-q", "-f", "publish=8082"}), "");
  EXPECT_EQ(Do({"ps", "-f", "name=^web$", "--format", "Networks,Ports"}),
            "front\t0.0.0.0:8080->80/tcp, [::1]:8081->81/tcp");
  EXPECT_EQ(Do({"port", "web"}), "80/tcp -> 0.0.0.0:8080\n81/tcp -> [::1]:8081");
  const auto inspected = nlohmann::json::parse(Do({"inspect", "web"}), nullptr, false)[0];
  const auto& settings = inspected["NetworkSettings"];
  EXPECT_EQ(settings["Ports"]["80/tcp"][0]["HostPort"], "8080");
  EXPECT_EQ(settings["Networks"]["front"]["IPAddress"], "10.5.0.2");
  EXPECT_EQ(settings["Networks"]["front"]["MacAddress"], "02:42:0a:05:00:99");
  EXPECT_EQ(settings["Networks"]["front"]["Gateway"], "10.5.0.1");
  EXPECT_EQ(settings["Networks"]["front"]["GlobalIPv6Address"], Address6Of("web"));
  EXPECT_EQ(Exec("web", "cat /sys/class/net/eth0/address"), "02:42:0a:05:00:99");
  Do({"stop", "-t", "0", "web"});
  EXPECT_EQ(Do({"ps", "-a", "-f", "name=^web$", "--format", "Ports"}), "");
  EXPECT_EQ(Do({"port", "web"}), "");
  Fails({"port", "web", "80"}, 1, "does not run");
  Remove("web");
  Remove("other");
  Do({"network", "rm", "front"});
  ExpectClean("what was shown");
}

}  // namespace
}  // namespace pelagos::rooted
