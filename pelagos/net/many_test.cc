// Hundreds of networks and thousands of containers, by the files alone: nobody gets what another
// one has, and all of it comes back.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "pelagos/net/leases.h"
#include "pelagos/net/run_files.h"
#include "pelagos/net/subnets.h"
#include "pelagos/sys/file.h"

namespace pelagos::net {
namespace {

class ManyTest : public ::testing::Test {
 protected:
  // In memory, as run roots are.
  static std::string NewFolder() {
    char folder[] = "/dev/shm/pelagos-many-XXXXXX";
    const char* made = ::mkdtemp(folder);
    EXPECT_NE(made, nullptr) << std::strerror(errno);
    return folder;
  }
  void SetUp() override { ASSERT_EQ(files_.MakeFolders(), absl::OkStatus()); }
  void TearDown() override { EXPECT_EQ(sys::RemoveTree(folder_), absl::OkStatus()); }

  const std::string folder_ = NewFolder();
  const RunFiles files_ = RunFiles(folder_ + "/run", folder_ + "/data/networks");
};

TEST_F(ManyTest, FiveHundredNetworksNeverOverlap) {
  const std::vector<std::string> pools = {"10.99.0.0/16", "10.112.0.0/12"};
  // Some of the pools is elsewhere already, in pieces of all sizes.
  std::vector<SubnetUser<sys::Subnet>> routes;
  for (const char* route : {"10.99.3.0/24", "10.99.16.64/26", "10.99.32.0/19", "10.112.0.0/20",
                            "10.112.17.1/32", "192.168.0.0/16"}) {
    routes.push_back({sys::ParseSubnet(route).value(), "a route"});
  }
  SubnetUsers all;
  all.ipv4 = routes;
  std::mt19937 random(9);
  for (int i = 0; i < 500; ++i) {
    NetworkPlan plan;
    plan.name = absl::StrCat("n", i);
    plan.project = "many";
    if (i % 50 == 7) plan.subnet = absl::StrCat("10.113.", i / 50, ".0/26");
    NetworkRecord record;
    record.name = plan.name;
    SubnetUsers users = UsersOfSubnets(files_, plan.name).value();
    EXPECT_EQ(users.ipv4.size(), static_cast<size_t>(i));
    users.ipv4.insert(users.ipv4.end(), routes.begin(), routes.end());
    ASSERT_EQ(ChooseSubnets(plan, {pools, "/run/many", true}, users, record), absl::OkStatus());
    const auto* other = FindOverlap(record.subnet, all.ipv4);
    ASSERT_EQ(other, nullptr) << sys::ToString(record.subnet) << " overlaps " << other->who;
    ASSERT_TRUE(record.subnet6.has_value());
    ASSERT_EQ(FindOverlap(*record.subnet6, all.ipv6), nullptr);
    EXPECT_TRUE(record.subnet.contains(record.gateway));
    all.ipv4.push_back({record.subnet, plan.name});
    all.ipv6.push_back({*record.subnet6, plan.name});
    // Those that are only defined count as much as those that are there.
    ASSERT_EQ(random() % 2 == 0 ? files_.SaveNetwork(record) : files_.SaveDefinition(record),
              absl::OkStatus());
  }
  // What is given back is found again.
  const std::optional<NetworkRecord> first = files_.LoadNetwork("n1").value();
  const NetworkRecord gone = first ? *first : files_.LoadDefinition("n1").value().value();
  ASSERT_EQ(files_.DeleteNetwork("n1"), absl::OkStatus());
  ASSERT_EQ(files_.DeleteDefinition("n1"), absl::OkStatus());
  SubnetUsers users = UsersOfSubnets(files_, "again").value();
  users.ipv4.insert(users.ipv4.end(), routes.begin(), routes.end());
  NetworkPlan plan;
  plan.name = "again";
  plan.project = "many";
  NetworkRecord record;
  ASSERT_EQ(ChooseSubnets(plan, {pools, "/run/many", true}, users, record), absl::OkStatus());
  EXPECT_EQ(record.subnet, gone.subnet);
}

TEST_F(ManyTest, TwoThousandContainersComeAndGo) {
  NetworkRecord network;
  network.name = "wide";
  network.subnet = sys::ParseSubnet("10.99.0.0/20").value();
  network.gateway = {network.subnet.base.bits + 1};
  network.subnet6 = sys::ParseSubnet6("fd12:3456:789a::/64").value();
  ASSERT_EQ(files_.SaveNetwork(network), absl::OkStatus());
  Leases leases(files_);
  std::map<int, Endpoint> living;
  std::set<uint32_t> used;
  const auto join = [&](int number) {
    Endpoint endpoint;
    endpoint.container_id = absl::StrCat("c", number);
    endpoint.mode = NetMode::kBridge;
    const absl::StatusOr<Interface> taken =
        leases.Take(endpoint.container_id, network, {"wide", {}}, "eth0");
    ASSERT_TRUE(taken.ok()) << taken.status();
    ASSERT_TRUE(network.subnet.contains(taken->address));
    ASSERT_NE(taken->address, network.gateway);
    ASSERT_NE(taken->address, network.subnet.base);
    ASSERT_NE(taken->address, network.subnet.broadcast());
    ASSERT_TRUE(used.insert(taken->address.bits).second) << sys::ToString(taken->address);
    endpoint.interfaces.push_back(*taken);
    ASSERT_EQ(files_.SaveEndpoint(endpoint), absl::OkStatus());
    living[number] = endpoint;
  };
  std::mt19937 random(2000);
  const auto leave = [&](int number) {
    Endpoint endpoint = living.at(number);
    living.erase(number);
    const Interface inside = endpoint.interfaces[0];
    ASSERT_EQ(leases.Hold(endpoint.container_id, inside), absl::OkStatus());
    endpoint.interfaces.clear();
    ASSERT_EQ(files_.SaveEndpoint(endpoint), absl::OkStatus());
    // Some are killed here; the next one gives their address back.
    if (random() % 8 != 0) {
      ASSERT_EQ(leases.Free(inside), absl::OkStatus());
    }
    ASSERT_EQ(files_.DeleteEndpoint(endpoint.container_id), absl::OkStatus());
    used.erase(inside.address.bits);
  };
  for (int step = 0; step < 8000 && !HasFatalFailure(); ++step) {
    const int number = static_cast<int>(random() % 2000);
    living.count(number) == 0 ? join(number) : leave(number);
  }
  for (int number = 0; number < 2000 && !HasFatalFailure(); ++number) {
    if (living.count(number) == 0) join(number);
  }
  EXPECT_EQ(used.size(), 2000u);
  // Without holes: the lowest free one is given.
  EXPECT_EQ(*used.rbegin(), network.subnet.base.bits + 2001);
  while (!living.empty() && !HasFatalFailure()) {
    const auto any = std::next(living.begin(), static_cast<long>(random() % living.size()));
    leave(any->first);
  }
  EXPECT_TRUE(leases.Open(network).value().empty());
  EXPECT_EQ(sys::ListFolder(folder_ + "/run/endpoints").value(), std::vector<std::string>());
}

}  // namespace
}  // namespace pelagos::net
