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

}  // namespace
}  // namespace pelagos::rooted
